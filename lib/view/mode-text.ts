import { moment, reason } from './fence-words.ts'
import { wrapped } from './format.ts'
import { type ClosedByHand, listed } from './lockdown-said-text.ts'

type Mode = 'observe' | 'enforce' | 'off'

/** A mode as somebody has just set it. */
export interface ModeChange {
  readonly fence: string
  readonly mode: Mode
  readonly before: Mode
  /** What the settings file says. */
  readonly settings: Mode
  /** How the door should stand in this mode, and how it does; null where it has none. */
  readonly door: ModeDoor | null
}

interface ModeDoor {
  /** Who closed it by hand, and until when; null where nobody did. */
  readonly byHand: ClosedByHand | null
  /** Why it should stand so. */
  readonly why: string
  readonly closed: boolean
  /** Whether what somebody closed by hand is given up. */
  readonly dropped: boolean
  /** Whether public rules are taken away now. */
  readonly isClosed: boolean
  /** Why closing it now would be refused. */
  readonly refused: readonly string[]
}

const CONSEQUENCE: Readonly<Record<Mode, string>> = {
  observe: 'Within seconds what it holds in firewalls is removed. It goes on deciding, and tells.',
  enforce: 'Within seconds the blocks that stand are put in force (sipfence blocks).',
  off: 'Within seconds what it holds in firewalls is removed. It decides nothing until somebody sets a mode again.',
}

/** What is true of the door now; nothing where it is open and stays so. */
function doorLines(
  mode: Mode,
  { closed, byHand, why, isClosed, dropped, refused }: ModeDoor,
  width: number,
): string[] {
  if (mode !== 'enforce') {
    const opened = isClosed ? 'The lockdown is opened. ' : ''
    const gone = dropped ? 'What somebody closed by hand is given up. ' : ''
    return wrapped(`${opened}${gone}${LISTS[mode]}`, width)
  }
  if (!closed) return isClosed ? ['The door opens with the next round.'] : []
  if (refused.length > 0)
    return [
      ...wrapped(`The door should be closed (${reason(why)}), but that is refused:`, width),
      ...listed(refused, width),
    ]
  const what = isClosed ? 'stays closed' : 'closes with the next round'
  const until =
    byHand === null
      ? `: ${reason(why)}`
      : `, until ${moment(byHand.until)} UTC (${reason(byHand.by)} closed it)`
  return wrapped(`The door ${what}${until}.`, width)
}

const LISTS = {
  observe: 'The lists of trusted peers are kept current: they let nobody in by themselves.',
  off: 'The lists of trusted peers keep their entries, because other rules may refer to them.',
} as const

const NEXT: Readonly<Record<Mode, string>> = {
  observe: 'sipfence status shows it; sipfence mode enforce brings the blocks back.',
  enforce: 'sipfence status shows it; sipfence mode observe takes it back.',
  off: 'sipfence status shows it; sipfence mode observe, or enforce, brings it back.',
}

/** What people are told who set the mode of a fence. */
export function modeSetText({ fence, mode, before, settings, door }: ModeChange, width: number): string[] {
  const was = before === mode ? 'which it was before' : `before ${before}`
  const outweighs =
    settings === mode
      ? []
      : [`The settings file says ${settings}; what is set by hand outweighs it, deployments included.`]
  const head = `Fence ${fence} is in mode ${mode}, ${was}.`
  const inLines = (lines: readonly string[]) => lines.flatMap((line) => wrapped(line, width))
  return [
    ...inLines([head, CONSEQUENCE[mode]]),
    ...(door === null ? [] : doorLines(mode, door, width)),
    ...inLines([...outweighs, NEXT[mode]]),
  ]
}

/** What people are told who asked for a round. */
export function wokenText(fence: string): string[] {
  return [
    `Fence ${fence} has been asked for a round; it begins within seconds.`,
    'sipfence status shows when it has ended.',
  ]
}

/** What follows an approval; `stopped` is what it lets pass. */
export function approvedText(
  fence: string,
  until: number,
  stopped: readonly string[],
  width: number,
): string[] {
  return [
    ...(stopped.length === 0
      ? ['Nothing is stopped now.']
      : ['Stopped until now:', ...listed(stopped.map(reason), width)]),
    `Until ${new Date(until).toISOString()} fence ${fence} puts no brake on what its rounds do; a round begins within seconds.`,
    'sipfence preview shows what is left to do, sipfence status what came of it.',
  ]
}
