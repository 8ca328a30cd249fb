import { Argument, type Command } from 'commander'
import type { LockdownWish } from '../core/lockdown-wish.ts'
import { hoursText } from '../core/office-hours.ts'
import { wrapped } from '../view/format.ts'
import { autoText, closedText, lockdownText, openedText } from '../view/lockdown-text.ts'
import { type Deployed, isoTime, lateRoundText, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { doorIn, rulesOf, type Trusted } from './door.ts'
import { type ClosingDocument, lockdownOf, rehearseClosing } from './lockdown-document.ts'
import { operator } from './operator.ts'
import { durationOption } from './options.ts'
import { print, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'
import { wakeOrTell } from './wake.ts'

interface LockdownOptions extends DeployedOptions {
  readonly json?: boolean
  readonly for?: number
}

type Wish = 'on' | 'off' | 'auto'

const HOUR_MS = 3_600_000
const LEAST_MS = 60_000
const LONGEST_MS = 24 * HOUR_MS

export function addLockdown(program: Command): void {
  const wish = new Argument('[wish]', 'without one, it shows how the door stands')
  deployedCommand(program, 'lockdown', 'on: let in only trusted peers; off: everybody; auto: by office hours')
    .addArgument(wish.choices(['on', 'off', 'auto']))
    .option(
      '--for <time>',
      'with on: for how long, such as 30m or 4h (default: 1h)',
      durationOption('--for', LEAST_MS, LONGEST_MS),
    )
    .option('--json', 'print one JSON document (sipfence.lockdown/1)')
    .action(async (asked: Wish | undefined, options: LockdownOptions) => {
      checkOptions(asked, options)
      await withDeployed(options, async (deployed) => {
        const trusted = doorOf(deployed)
        if (asked === 'on') await close(deployed, trusted, options.for ?? HOUR_MS)
        else if (asked === 'off') await open(deployed)
        else if (asked === 'auto') await leaveToHours(deployed, trusted)
        else printDocument(await lockdownOf(deployed, trusted), options.json, lockdownText)
      })
    })
}

function checkOptions(asked: Wish | undefined, options: LockdownOptions): void {
  if (options.for !== undefined && asked !== 'on')
    throw new UsageError('Cannot use --for here: it says how long sipfence lockdown on lasts')
  if (options.json === true && asked !== undefined)
    throw new UsageError(
      `Cannot use --json with lockdown ${asked}: sipfence lockdown --json shows what came of it`,
    )
}

function doorOf({ fence, trusted }: Deployed): Trusted {
  if (trusted !== undefined) return trusted
  throw new Error(
    `Cannot lock down fence "${fence.id}": its settings have no firewalls.trustedPeers; add it with the PBXs' security groups, and deploy`,
  )
}

/** Rehearsed first: what would be refused is not asked for. */
async function close(deployed: Deployed, trusted: Trusted, forMs: number): Promise<void> {
  const { fence, state, clock } = deployed
  const { inForce } = await modeInForce(deployed)
  if (inForce !== 'enforce')
    throw new Error(
      `Cannot lock down fence "${fence.id}": its mode is ${inForce}, in which it changes no firewall; sipfence mode enforce first`,
    )
  const rehearsed = await rehearseClosing(deployed, trusted)
  const reasons = refusalsOf(rehearsed)
  if (reasons.length > 0) throw new Error(refusedText(fence.id, reasons))
  const until = clock() + forMs
  await say(deployed, { standing: (await state.lockdown())?.standing ?? 'off', closed: { until } })
  const closed = { fence: fence.id, until: isoTime(until), ...rehearsed }
  print([...closedText(closed, terminalWidth()), ...(await lateRoundText(deployed))])
}

function refusalsOf({ closing: { problem, refused } }: ClosingDocument): readonly string[] {
  return problem === null ? refused : [problem, ...refused]
}

/** One paragraph for each reason, in lines that fit. */
function refusedText(fence: string, reasons: readonly string[]): string {
  const lines = reasons.flatMap((words) =>
    wrapped(words, terminalWidth() - 4).map((line, i) => (i === 0 ? `  ${line}` : `    ${line}`)),
  )
  return [`Cannot lock down fence "${fence}", and nothing was done:`, ...lines].join('\n')
}

/** In an emergency too: nothing is read of EC2, so nothing there can keep it from being said. */
async function open(deployed: Deployed): Promise<void> {
  await say(deployed, { standing: 'off', closed: null })
  const opened = { fence: deployed.fence.id, rules: rulesOf(await deployed.ledger.swaps()) }
  print([...openedText(opened, terminalWidth()), ...(await lateRoundText(deployed))])
}

async function leaveToHours(deployed: Deployed, trusted: Trusted): Promise<void> {
  const { fence, clock } = deployed
  const { officeHours } = fence.firewalls.trustedPeers ?? {}
  if (officeHours === undefined)
    throw new Error(
      `Cannot leave the lockdown of fence "${fence.id}" to office hours: its settings have none; add firewalls.trustedPeers.officeHours, and deploy`,
    )
  const refused = refusalsOf(await rehearseClosing(deployed, trusted))
  await say(deployed, { standing: 'auto', closed: null })
  const { inForce } = await modeInForce(deployed)
  const door = await doorIn(deployed, inForce, clock())
  const auto = { fence: fence.id, officeHours: hoursText(officeHours), door, refused }
  print([...autoText(auto, terminalWidth()), ...(await lateRoundText(deployed))])
}

/** The ledger keeps it; the next round, which is asked for at once, goes by it. */
async function say(deployed: Deployed, wish: Pick<LockdownWish, 'standing' | 'closed'>): Promise<void> {
  await deployed.state.setLockdown({ ...wish, at: deployed.clock(), by: operator() })
  await wakeOrTell(deployed, 'it is noted')
}
