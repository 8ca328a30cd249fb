import type { Command } from 'commander'
import type { PacketSource } from '../capture.ts'
import type { FenceConfig } from '../config.ts'
import type { ReplayDocument } from '../contract/replay.ts'
import type { Address, Prefix } from '../core/prefix.ts'
import { openCapture } from '../host/capture-file.ts'
import type { JournalEntry } from '../journal.ts'
import { EmbeddedFence, type EmbeddedResult } from '../local/fence.ts'
import { peek } from '../local/peek.ts'
import { ReplayRecord } from '../local/replay.ts'
import { replayText } from '../view/replay-text.ts'
import { addressOption, durationOption, fenceOption, portsOption, prefixOption } from './options.ts'
import { print, printJson, tellPeople, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'

interface ReplayOptions {
  readonly json?: boolean
  readonly observe?: boolean
  readonly pbx?: readonly Address[]
  readonly allow?: readonly Prefix[]
  readonly ports?: readonly number[]
  readonly config?: string
  readonly enforcementDelay?: number
  readonly learned?: boolean
  readonly lockdownAfter?: number
}

const ENFORCEMENT_DELAY_MS = 2_000
const DAY_MS = 86_400_000

/** One seed for all replays: the same capture and settings print the same document. */
const SEED = 1

export function addReplay(program: Command): void {
  program
    .command('replay')
    .argument('<file>', 'pcap or pcapng, gzip or not; "-" for standard input')
    .description(
      'run a capture through the embedded fence and tell what would have been blocked, when and why',
    )
    .option('--json', 'print one JSON document (sipfence.replay/1)')
    .option(
      '--pbx <ip>',
      "the PBX's address; may be repeated (default: inferred from the capture)",
      addressOption,
    )
    .option('--allow <cidr>', 'never block this prefix; may be repeated', prefixOption)
    .option('--ports <list>', 'SIP ports, separated by commas (default: 5060)', portsOption)
    .option('--config <file>', 'settings, a sipfence.json with one fence; its mode is not used')
    .option('--observe', 'decide, but drop nothing')
    .option(
      '--enforcement-delay <time>',
      'from a decision to its entry taking effect (default: 2s)',
      durationOption('--enforcement-delay', 0),
    )
    .option(
      '--lockdown-after <time>',
      'close the door that long after the first packet: only trusted peers are let in from then on',
      durationOption('--lockdown-after', 0, DAY_MS),
    )
    .option('--learned', 'judge as a fence that has learned who is known-good, from the first packet on')
    .addHelpText(
      'after',
      '\nExamples:\n  sipfence replay trace.pcap\n  tcpdump -r trace.pcap -w - port 5060 | sipfence replay - --json --pbx 10.0.0.10',
    )
    .action(async (file: string, options: ReplayOptions) => {
      const fence = await fenceOption(options)
      const config = options.learned === true ? { ...fence, learningSeconds: 0 } : fence
      const capture = openCapture(file, tellPeople)
      const run = await replay(capture, config, options)
      if (options.json === true) printJson(run.document, 2)
      else print(replayText(file === '-' ? 'standard input' : file, run, terminalWidth()))
    })
}

export interface ReplayRun {
  readonly document: ReplayDocument
  readonly record: ReplayRecord
  readonly result: EmbeddedResult
  readonly inferred: boolean
}

/** Runs the capture through the embedded fence. Throws a UsageError where the PBX cannot be told. */
export async function replay(
  capture: PacketSource,
  config: FenceConfig,
  options: Pick<ReplayOptions, 'pbx' | 'observe' | 'enforcementDelay' | 'lockdownAfter'>,
  listen: (event: JournalEntry) => void = () => undefined,
): Promise<ReplayRun> {
  const ports = new Set(config.ports)
  const configured = config.pbxs.flatMap(({ addresses }) => addresses)
  const known = options.pbx ?? (configured.length > 0 ? configured : undefined)
  const { pbx, source } =
    known === undefined ? await peek(capture, ports) : { pbx: [...new Set(known)], source: capture }
  if (pbx === undefined) {
    throw new UsageError(
      'Cannot tell which address is the PBX: several look like one; name it with --pbx, once for each of its addresses',
    )
  }
  const mode = options.observe === true ? 'observe' : 'enforce'
  const record = new ReplayRecord({ pbx: new Set(pbx), ports })
  const fence = new EmbeddedFence({
    config,
    pbx,
    mode,
    enforcementDelayMs: options.enforcementDelay ?? ENFORCEMENT_DELAY_MS,
    seed: SEED,
    lockdownAfterMs: options.lockdownAfter,
    onPacket: (packet, dropped) => record.count(packet, dropped),
    onEvent: (event) => {
      record.note(event)
      listen(event)
    },
  })
  const result = await fence.run(source)
  return { document: record.document(mode, pbx, result), record, result, inferred: known === undefined }
}
