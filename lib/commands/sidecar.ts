import { randomBytes, randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { capture, type ReportSink } from '../capture.ts'
import type { FenceConfig } from '../config.ts'
import type { Address } from '../core/prefix.ts'
import { defaultInterface, ownAddresses } from '../host/own-addresses.ts'
import { tcpdumpSource } from '../host/tcpdump.ts'
import { proofLines, reportLines } from '../view/report-text.ts'
import { addressOption, durationOption, fenceOption, portsOption } from './options.ts'
import { print, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'

interface SidecarOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly interface?: string
  readonly pbx?: readonly Address[]
  readonly ports?: readonly number[]
  readonly config?: string
  readonly heartbeat?: number
}

export function addSidecar(program: Command): void {
  program
    .command('sidecar')
    .description('beside the PBX: count SIP traffic by source and report it')
    .option('--dry-run', 'print the reports instead of sending them')
    .option('--interface <name>', "network interface (default: the default route's)")
    .option(
      '--pbx <ip>',
      "the PBX's address; may be repeated (default: all addresses of this host)",
      addressOption,
    )
    .option('--ports <list>', 'SIP ports, separated by commas (default: 5060)', portsOption)
    .option('--config <file>', 'settings, a sipfence.json with one fence')
    .option(
      '--heartbeat <time>',
      'report at least this often (default: 10s)',
      durationOption('--heartbeat', 1_000),
    )
    .option('--json', 'print each report as one line of JSON (sipfence.report/1, sipfence.proofs/1)')
    .addHelpText(
      'after',
      '\nNeeds tcpdump, and root or CAP_NET_RAW. Ctrl-C ends it, after a last report. It counts, and says what a\nsource looks like; verdicts with known-good sources come from replaying a capture.',
    )
    .action(async (options: SidecarOptions) => {
      if (options.dryRun !== true) {
        throw new UsageError('Cannot send reports: this version only prints them; add --dry-run')
      }
      await run(await fenceOption(options), options)
    })
}

async function run(config: FenceConfig, options: SidecarOptions): Promise<void> {
  const device = options.interface ?? defaultInterface()
  const configured = config.pbxs.flatMap(({ addresses }) => addresses)
  const pbx = options.pbx ?? (configured.length > 0 ? configured : ownAddresses())
  const ended = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ended.abort())
  process.stderr.write(
    `sipfence: counting SIP on ${device}, ports ${config.ports.join(', ')}, PBX ${pbx.join(', ')}; Ctrl-C ends it\n`,
  )
  const source = tcpdumpSource({
    interface: device,
    ports: config.ports,
    clock: () => Date.now(),
    signal: ended.signal,
  })
  await capture(source, printingSink(options.json === true, config), {
    reporter: { fence: config.id, host: hostname(), boot: randomBytes(8).toString('hex') },
    limits: config.limits,
    key: randomInt(2 ** 32),
    pbx: new Set(pbx),
    ports: new Set(config.ports),
    heartbeatSeconds: Math.max(1, Math.round((options.heartbeat ?? 10_000) / 1000)),
  })
}

function printingSink(json: boolean, { limits }: FenceConfig): ReportSink {
  const width = terminalWidth()
  return {
    report: async (report) => print(json ? [JSON.stringify(report)] : reportLines(report, limits, width)),
    proofs: async (report) => print(json ? [JSON.stringify(report)] : proofLines(report, width)),
    endSecond: async () => undefined,
  }
}
