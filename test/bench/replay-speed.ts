import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writePcap } from '../traffic/wire.ts'
import { floodFrame, PBX } from './flood-frame.ts'

/**
 * How fast a capture is replayed, beside tshark counting SIP in the same file. Both run in turn as whole processes;
 * the medians and the ratio of each pair are printed. tshark reads much more of each packet, so the ratio tells
 * whether replaying is in the class of the tools that people wait for, and no more than that.
 */

const PACKETS = 200_000
const RUNS = 5
const ROOT = join(import.meta.dirname, '../..')

const folder = mkdtempSync(join(tmpdir(), 'sipfence-bench-'))
try {
  const path = join(folder, 'flood.pcap')
  writeFileSync(path, writePcap(flood(PACKETS)))
  const cli = [join(ROOT, 'dist/bin/sipfence.js'), 'replay', path, '--json', '--pbx', PBX, '--observe']
  const pairs = Array.from({ length: RUNS + 1 }, () => ({
    sipfence: seconds(process.execPath, cli),
    tshark: seconds('tshark', ['-q', '-z', 'sip,stat', '-r', path]),
  })).slice(1)
  report(
    'sipfence replay',
    pairs.map((pair) => pair.sipfence),
  )
  report(
    'tshark -z sip,stat',
    pairs.map((pair) => pair.tshark),
  )
  const ratios = pairs.map((pair) => pair.tshark / pair.sipfence)
  console.log(`sipfence is ${median(ratios).toFixed(1)} times as fast (${range(ratios)})`)
} finally {
  rmSync(folder, { recursive: true })
}

/** REGISTERs of 20,000 sources and the 401 to each: what the sensor has to count in a flood. */
function* flood(packets: number) {
  for (let i = 0; i < packets; i++) {
    const source = `198.18.${(i >> 9) % 80}.${(i >> 1) % 250}`
    yield floodFrame(source, i >> 1, i % 2 === 1, 1_800_000_000_000 + i / 10)
  }
}

function seconds(command: string, args: readonly string[]): number {
  const began = process.hrtime.bigint()
  const { status, error } = spawnSync(command, args, { stdio: 'ignore' })
  if (error !== undefined || status !== 0) {
    throw new Error(
      `Cannot run ${command}: ${error?.message ?? `exit code ${status}`}; the bench needs a build and Debian's tshark`,
    )
  }
  return Number(process.hrtime.bigint() - began) / 1e9
}

function report(name: string, runs: readonly number[]): void {
  const rate = Math.round(PACKETS / median(runs) / 1000)
  console.log(
    `${name.padEnd(20)} ${median(runs).toFixed(2)} s (${range(runs)}), ${rate} k packets/s, ${RUNS} runs`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
}
