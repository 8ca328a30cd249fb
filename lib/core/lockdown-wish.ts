import { hoursText, isOpen, type OfficeHours } from './office-hours.ts'

/** What people want of the door. */
export interface LockdownWish {
  /** What holds while nobody closes it by hand: open, or closed outside office hours. */
  readonly standing: 'off' | 'auto'
  /** Closed by hand, for a time. Null where it is not. */
  readonly closed: {
    readonly until: number
    /** Whether it may be closed although nobody is known-good. */
    readonly allowlistOnly?: boolean
    /** How many trusted sources may be left without room. */
    readonly lose?: number
  } | null
  /** When it was said, in milliseconds since 1970, and who said it. */
  readonly at: number
  readonly by: string
}

/** The door stays open until somebody says otherwise. */
export const OPEN: LockdownWish = { standing: 'off', closed: null, at: 0, by: 'nobody' }

export interface DoorState {
  readonly closed: boolean
  readonly why: string
  /** Whether a person has said that the allowlist is enough. */
  readonly allowlistOnly?: boolean
  /** How many trusted sources a person lets lose service. */
  readonly lose?: number
}

/** Whether the door should be closed at the instant, and why. */
export function doorAt(
  { standing, closed, by }: LockdownWish,
  officeHours: OfficeHours | undefined,
  now: number,
): DoorState {
  if (closed !== null && now < closed.until)
    return {
      closed: true,
      why: `${by} closed it until ${new Date(closed.until).toISOString()}`,
      allowlistOnly: closed.allowlistOnly === true,
      lose: closed.lose ?? 0,
    }
  if (standing === 'off') return { closed: false, why: 'lockdown is off' }
  if (officeHours === undefined)
    return { closed: false, why: 'lockdown is automatic, and the settings have no trustedPeers.officeHours' }
  const open = isOpen(officeHours, now)
  return { closed: !open, why: `${open ? 'within' : 'outside'} office hours (${hoursText(officeHours)})` }
}
