import { DRAWN_SEED } from './drawn-seed.ts'

/** Says once, before the first test, from which seed the properties are searched beside their own. */
export function setup(): void {
  process.stderr.write(`Properties are searched from seed ${DRAWN_SEED} beside their own\n`)
}
