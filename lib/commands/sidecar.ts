import { randomBytes, randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { capture, type ReportSink } from '../capture.ts'
import type { FenceConfig } from '../config.ts'
import { type Instance, thisInstance } from '../host/instance-id.ts'
import { type Sending, Vitals } from '../host/vitals.ts'
import { VERSION } from '../version.ts'
import { proofLines, reportLines } from '../view/report-text.ts'
import {
  addressOption,
  durationOption,
  type FenceOptions,
  fenceOption,
  hostOption,
  type Listen,
  listenOption,
  portsOption,
} from './options.ts'
import type { End } from './sidecar-end.ts'
import { type WatchOptions, watch } from './sidecar-source.ts'
import { letWatch } from './sidecar-watch.ts'
import { print, printJson, tellPeople, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'

interface SidecarOptions extends WatchOptions, FenceOptions {
  readonly check?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly host?: string
  readonly spool?: string
  readonly heartbeat?: number
  readonly listen?: Listen
}

const SPOOL = '/var/spool/sipfence'

export function addSidecar(program: Command, end: End): void {
  program
    .command('sidecar')
    .description('beside the PBX: count SIP traffic by source and report it to the fence')
    .option('--config <file>', 'settings, a sipfence.json with one fence; needed to send')
    .option(
      '--check',
      'say what would be counted and sent here, find the ports of SIP servers (as root), and end',
    )
    .option('--dry-run', 'print the reports instead of sending them')
    .option('--interface <name>', "network interface (default: the default route's)")
    .option('--read <file>', 'a pcap or pcapng file, gzip or not, or "-", as if it came now')
    .option(
      '--pbx <ip>',
      "the PBX's address; may be repeated (default: all addresses of this host)",
      addressOption,
    )
    .option('--ports <list>', 'SIP ports, separated by commas (default: 5060)', portsOption)
    .option('--host <id>', 'who reports (default: the instance id, as its metadata tells it)', hostOption)
    .option('--spool <dir>', `where reports wait that cannot be sent (default: ${SPOOL})`)
    .option(
      '--heartbeat <time>',
      'report at least this often (default: 60s, with --dry-run 10s)',
      durationOption('--heartbeat', 1_000),
    )
    .option(
      '--listen <address>',
      'tell /healthz and /metrics on loopback, such as 127.0.0.1:9060',
      listenOption,
    )
    .option('--json', 'with --dry-run: each report as one line (sipfence.report/1, sipfence.proofs/1)')
    .addHelpText(
      'after',
      '\nNeeds tcpdump, and root or CAP_NET_RAW; to send, the instance role and a region, by the settings or AWS_REGION.\nCtrl-C ends it, after a last report; again, and that report is spooled and not sent. It counts, and says what a source looks like; the fence decides.',
    )
    .action(async (options: SidecarOptions) => {
      refuseMisuse(options)
      const config = await fenceOption(options)
      await (options.check === true ? check(config, options) : run(config, options, end))
    })
}

function refuseMisuse({
  dryRun = false,
  json = false,
  config,
  interface: device,
  read,
}: SidecarOptions): void {
  if (!dryRun && config === undefined) {
    throw new UsageError(
      'Cannot send reports: no fence is named; pass --config sipfence.json, or print them with --dry-run',
    )
  }
  if (!dryRun && json) throw new UsageError('Cannot use --json while sending: it goes with --dry-run')
  if (device !== undefined && read !== undefined) {
    throw new UsageError('Cannot use --interface and --read together: packets come from one of them')
  }
}

async function check(config: FenceConfig, options: SidecarOptions): Promise<void> {
  const { checkLines } = await import('./sidecar-check.ts')
  const { regionOf } = await import('./sidecar-dispatch.ts')
  print(await checkLines(config, regionOf(config), options))
}

/** Where reports go, and who reports. */
interface Outlet {
  readonly sink: ReportSink
  /** What has become of the reports by now; none where they are printed. */
  readonly sending?: () => Sending
  readonly host: Instance
  readonly heartbeatSeconds: number
  /** For people; ends the line that says what is counted. */
  readonly where: string
  /** Once pressed, it sends nothing any more. */
  close(pressed: AbortSignal): Promise<void>
}

async function run(config: FenceConfig, options: SidecarOptions, end: End): Promise<void> {
  if (end.asked.aborted) return
  const outlet = options.dryRun === true ? printing(config, options) : await sending(config, options)
  const { host, heartbeatSeconds } = outlet
  const vitals = new Vitals(outlet.sink, () => performance.now(), outlet.sending)
  const identity = { version: VERSION, fence: config.id, host: host.id }
  const endWatch = await letWatch(vitals, identity, options.listen)
  try {
    const { source, pbx, where } = await watch(options, config, host.publicAddresses, end.asked)
    const ports = config.ports.join(', ')
    tellPeople(
      `counting SIP on ${where}, ports ${ports}, PBX ${pbx.join(', ')}${outlet.where}; Ctrl-C ends it`,
    )
    await capture(source, vitals, {
      reporter: { fence: config.id, host: host.id, boot: randomBytes(8).toString('hex') },
      limits: config.limits,
      key: randomInt(2 ** 32),
      pbx: new Set(pbx),
      ports: new Set(config.ports),
      heartbeatSeconds: Math.max(1, Math.round((options.heartbeat ?? heartbeatSeconds * 1000) / 1000)),
    })
  } finally {
    endWatch()
    await outlet.close(end.pressed)
  }
}

async function sending(config: FenceConfig, options: SidecarOptions): Promise<Outlet> {
  // Loaded here, because the AWS SDK is slow to load and the other commands need none of it.
  const { openOutlet, regionOf } = await import('./sidecar-dispatch.ts')
  const region = regionOf(config)
  const host = options.host === undefined ? await thisInstance() : await namedInstance(options.host, options)
  const { where, ...outlet } = await openOutlet(config, region, options.spool ?? SPOOL)
  return { ...outlet, host, heartbeatSeconds: 60, where: `; reports of ${host.id} go to ${where}` }
}

/** Its public addresses are known where it is an instance after all; a recording has addresses of its own. */
async function namedInstance(id: string, { read }: SidecarOptions): Promise<Instance> {
  const instance = read === undefined ? await thisInstance().catch(() => undefined) : undefined
  return { id, publicAddresses: instance?.publicAddresses ?? [] }
}

function printing(config: FenceConfig, options: SidecarOptions): Outlet {
  return {
    sink: printingSink(options.json === true, config),
    host: { id: options.host ?? hostname(), publicAddresses: [] },
    heartbeatSeconds: 10,
    where: '',
    close: async () => undefined,
  }
}

function printingSink(json: boolean, { limits }: FenceConfig): ReportSink {
  const width = terminalWidth()
  return {
    report: async (report) => (json ? printJson(report) : print(reportLines(report, limits, width))),
    proofs: async (report) => (json ? printJson(report) : print(proofLines(report, width))),
    endSecond: async () => undefined,
  }
}
