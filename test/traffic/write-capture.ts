import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SCENARIOS } from './scenarios.ts'
import { writePcap } from './wire.ts'

const USAGE = `npx tsx test/traffic/write-capture.ts SCENARIO OUT.pcap [--seed N]
npx tsx test/traffic/write-capture.ts --list`

function run(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string', default: '1' }, list: { type: 'boolean', default: false } },
  })
  const [name = '', path] = positionals
  const scenario = SCENARIOS[name]
  const seed = Number(values.seed)
  if (values.list) print(Object.keys(SCENARIOS).join('\n'))
  else if (scenario === undefined || path === undefined || !Number.isInteger(seed)) {
    process.exitCode = 2
    print(USAGE)
  } else {
    const { frames, truth, pbx } = scenario(seed)
    writeFileSync(path, writePcap(frames))
    print(JSON.stringify({ scenario: name, seed, pbx, packets: frames.length, truth }, null, 2))
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

run()
