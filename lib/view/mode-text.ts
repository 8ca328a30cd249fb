import { wrapped } from './format.ts'

type Mode = 'observe' | 'enforce' | 'off'

/** A mode as somebody has just set it. */
export interface ModeChange {
  readonly fence: string
  readonly mode: Mode
  readonly before: Mode
  /** What the settings file says. */
  readonly settings: Mode
  /** Whether it keeps lists of trusted peers and can lock down. */
  readonly hasDoor: boolean
}

const CONSEQUENCE: Readonly<Record<Mode, string>> = {
  observe: 'Within seconds what it holds in firewalls is removed. It goes on deciding, and tells.',
  enforce: 'Within seconds the blocks that stand are put in force (sipfence blocks).',
  off: 'Within seconds what it holds in firewalls is removed. It decides nothing until somebody sets a mode again.',
}

const DOOR: Readonly<Record<Mode, string>> = {
  observe:
    'A lockdown is opened. The lists of trusted peers are kept current: they let nobody in by themselves.',
  enforce: 'A lockdown that somebody asked for, or that office hours ask for, is closed (sipfence lockdown).',
  off: 'A lockdown is opened. The lists of trusted peers keep their entries, because other rules may refer to them.',
}

const NEXT: Readonly<Record<Mode, string>> = {
  observe: 'sipfence status shows it; sipfence mode enforce brings the blocks back.',
  enforce: 'sipfence status shows it; sipfence mode observe takes it back.',
  off: 'sipfence status shows it; sipfence mode observe, or enforce, brings it back.',
}

/** What people are told who set the mode of a fence. */
export function modeSetText({ fence, mode, before, settings, hasDoor }: ModeChange, width: number): string[] {
  const was = before === mode ? 'which it was before' : `before ${before}`
  const outweighs =
    settings === mode
      ? []
      : [`The settings file says ${settings}; what is set by hand outweighs it, deployments included.`]
  const door = hasDoor ? [DOOR[mode]] : []
  const head = `Fence ${fence} is in mode ${mode}, ${was}.`
  return [head, CONSEQUENCE[mode], ...door, ...outweighs, NEXT[mode]].flatMap((line) => wrapped(line, width))
}

/** What people are told who asked for a round. */
export function wokenText(fence: string): string[] {
  return [
    `Fence ${fence} has been asked for a round; it begins within seconds.`,
    'sipfence status shows when it has ended.',
  ]
}

/** What follows an approval. */
export function approvedText(fence: string, until: number): string[] {
  return [
    `Until ${new Date(until).toISOString()} fence ${fence} puts no brake on what its rounds do; a round begins within seconds.`,
    'sipfence preview shows what is left to do, sipfence status what came of it.',
  ]
}
