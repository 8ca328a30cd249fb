import { Argument, type Command } from 'commander'
import { type LockdownWish, OPEN } from '../core/lockdown-wish.ts'
import { hoursText } from '../core/office-hours.ts'
import { stackName } from '../names.ts'
import { autoText, closedText, openedText, refusedText } from '../view/lockdown-said-text.ts'
import { lockdownText } from '../view/lockdown-text.ts'
import { type Deployed, isoTime, lateRoundText, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { closedByHand, doorIn, rulesOf, type Trusted } from './door.ts'
import { lockdownOf, refusalsOf, rehearseClosing } from './lockdown-document.ts'
import { operator } from './operator.ts'
import { countOption, durationOption } from './options.ts'
import { print, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'
import { wakeOrTell } from './wake.ts'

interface LockdownOptions extends DeployedOptions {
  readonly json?: boolean
  readonly for?: number
  readonly allowlistOnly?: boolean
  readonly lose?: number
}

type Wish = 'on' | 'off' | 'auto'

const HOUR_MS = 3_600_000
const LEAST_MS = 60_000
const LONGEST_MS = 24 * HOUR_MS

export function addLockdown(program: Command): void {
  const wish = new Argument('[wish]', 'without one, it shows how the door stands')
  deployedCommand(
    program,
    'lockdown',
    'on: let in only trusted peers; off: everybody; auto: by office hours; closing it needs mode enforce',
  )
    .addArgument(wish.choices(['on', 'off', 'auto']))
    .option(
      '--for <time>',
      'with on: for how long, such as 30m or 4h, at most 24h (default: 1h)',
      durationOption('--for', LEAST_MS, LONGEST_MS),
    )
    .option('--allowlist-only', 'with on: close it although nobody is known-good')
    .option(
      '--lose <count>',
      'with on: close it although the lists have no room for so many trusted sources',
      countOption('--lose'),
    )
    .option('--json', 'print one JSON document (sipfence.lockdown/1)')
    .action(async (asked: Wish | undefined, options: LockdownOptions) => {
      checkOptions(asked, options)
      await withDeployed(options, async (deployed) => {
        const trusted = doorOf(deployed)
        if (asked === 'on') await close(deployed, trusted, options)
        else if (asked === 'off') await open(deployed)
        else if (asked === 'auto') await leaveToHours(deployed, trusted)
        else printDocument(await lockdownOf(deployed, trusted), options.json, lockdownText)
      })
    })
}

function checkOptions(asked: Wish | undefined, options: LockdownOptions): void {
  if (options.for !== undefined && asked !== 'on')
    throw new UsageError('Cannot use --for here: it says how long sipfence lockdown on lasts')
  if (options.allowlistOnly === true && asked !== 'on')
    throw new UsageError('Cannot use --allowlist-only here: it goes with sipfence lockdown on')
  if (options.lose !== undefined && asked !== 'on')
    throw new UsageError('Cannot use --lose here: it goes with sipfence lockdown on')
  if (options.json === true && asked !== undefined)
    throw new UsageError(
      `Cannot use --json with lockdown ${asked}: sipfence lockdown --json shows what came of it`,
    )
}

function doorOf({ fence, trusted, missing }: Deployed): Trusted {
  if (trusted !== undefined) return trusted
  const why = missing.includes('trustedPeers')
    ? `its stack has no trusted peers yet; npx cdk deploy ${stackName(fence.id, fence.stack)} makes them`
    : "its settings have no firewalls.trustedPeers; add it with the PBXs' security groups, and deploy"
  throw new Error(`Cannot lock down fence "${fence.id}": ${why}`)
}

/** Rehearsed first: what would be refused is not asked for. */
async function close(deployed: Deployed, trusted: Trusted, options: LockdownOptions): Promise<void> {
  const { fence, state, clock } = deployed
  const { for: forMs = HOUR_MS, allowlistOnly = false, lose = 0 } = options
  const { inForce } = await modeInForce(deployed)
  if (inForce !== 'enforce')
    throw new Error(
      `Cannot lock down fence "${fence.id}": its mode is ${inForce}, in which it changes no firewall; sipfence mode enforce first`,
    )
  const rehearsed = await rehearseClosing(deployed, trusted, { allowlistOnly, lose })
  const reasons = refusalsOf(rehearsed)
  if (reasons.length > 0) throw new Error(refusedText(fence.id, reasons, terminalWidth()))
  const until = clock() + forMs
  const before = (await state.lockdown()) ?? OPEN
  await say(deployed, { standing: before.standing, closed: { until, allowlistOnly, lose } })
  const closed = {
    fence: fence.id,
    until: isoTime(until),
    earlier: closedByHand(before, clock()),
    at: isoTime(clock()),
    allowlistOnly,
    ...rehearsed,
  }
  await tell(deployed, 'it will not close until rounds happen again, see sipfence status', (width) =>
    closedText(closed, width),
  )
}

/** In an emergency too: nothing is read of EC2, so nothing there can keep it from being said. */
async function open(deployed: Deployed): Promise<void> {
  const { fence, state, ledger, clock } = deployed
  const before = (await state.lockdown()) ?? OPEN
  await say(deployed, { standing: 'off', closed: null })
  const opened = {
    fence: fence.id,
    earlier: closedByHand(before, clock()),
    wasAutomatic: before.standing === 'auto',
    rules: rulesOf(await ledger.swaps()),
  }
  const late =
    'it will not open until rounds happen again, see sipfence status; sipfence release opens it from here'
  await tell(deployed, late, (width) => openedText(opened, width))
}

/** Whoever closed it for a time meant that time; the office hours come after it. */
async function leaveToHours(deployed: Deployed, trusted: Trusted): Promise<void> {
  const { fence, state, ledger, clock } = deployed
  const { officeHours } = fence.firewalls.trustedPeers ?? {}
  if (officeHours === undefined)
    throw new Error(
      `Cannot leave the lockdown of fence "${fence.id}" to office hours: its settings have none; add firewalls.trustedPeers.officeHours, and deploy`,
    )
  const before = (await state.lockdown()) ?? OPEN
  const earlier = closedByHand(before, clock())
  const closed = earlier === null ? null : before.closed
  const { until: _, ...leave } = closed ?? { until: 0 }
  const rehearsed = await rehearseClosing(deployed, trusted, leave)
  await say(deployed, { standing: 'auto', closed }, earlier === null ? operator() : before.by)
  const { inForce } = await modeInForce(deployed)
  const door = await doorIn(deployed, inForce, clock())
  const isClosed = (await ledger.swaps()).length > 0
  const refused = refusalsOf(rehearsed)
  const auto = { fence: fence.id, officeHours: hoursText(officeHours), earlier, door, isClosed, refused }
  const late =
    'it will neither close nor open until rounds happen again, see sipfence status; sipfence release opens it from here'
  await tell(deployed, late, (width) => autoText(auto, width))
}

/** The ledger keeps it; the next round, which is asked for at once, goes by it. */
async function say(
  { state, clock, wake }: Deployed,
  wish: Pick<LockdownWish, 'standing' | 'closed'>,
  by = operator(),
): Promise<void> {
  await state.setLockdown({ ...wish, at: clock(), by })
  await wakeOrTell({ wake }, 'it is noted')
}

/** That no round happens comes first: who reads on must not rely on one. */
async function tell(
  deployed: Deployed,
  late: string,
  text: (width: number) => readonly string[],
): Promise<void> {
  const width = terminalWidth()
  print([...(await lateRoundText(deployed, width, late)), ...text(width)])
}
