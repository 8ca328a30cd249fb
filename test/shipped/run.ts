import { onPackedNode } from './on-packed-node.ts'
import { ALL } from './what-ships.ts'

/** Runs everything that ships on the Node that ships, or what the arguments name. Exits 1 where something fails. */
const told = process.argv.slice(2)
const { passed, failed } = await onPackedNode(told.length > 0 ? told : ALL)
process.stdout.write([...failed, `${passed} passed, ${failed.length} failed\n`].join('\n'))
process.exitCode = passed === 0 || failed.length > 0 ? 1 : 0
