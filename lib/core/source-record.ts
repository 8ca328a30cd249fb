import { HyperLogLog } from './hyper-log-log.ts'
import type { Transport } from './packet.ts'
import type { Prefix } from './prefix.ts'
import { Ring } from './ring.ts'

/**
 * What is counted of each source; every count is of packets or bytes seen on the wire, "in" towards the PBX.
 *
 * followed, acknowledged and excused belong to the second of the packet that they answer, not to their own, so that old
 * challenges and requests can be judged when their time to be answered is over.
 */
export const COUNTERS = [
  'packetsIn',
  'bytesIn',
  'packetsOut',
  'bytesOut',
  /** Requests without credentials, by method; ACK is apart. */
  'register',
  'invite',
  'options',
  'subscribe',
  'otherMethods',
  /** Requests that carry credentials, of whatever worth, by method. */
  'registerWithCredentials',
  'inviteWithCredentials',
  'otherWithCredentials',
  'acks',
  /** Requests seen before: same branch, CSeq and source. They are in the counts above too. */
  'retransmissions',
  /** Requests without a To tag, except ACK, CANCEL and the ten repetitions that a client may send. */
  'outOfDialog',
  /** Out-of-dialog requests that led to a login, an accepted call, an echo of the nonce, or to an acknowledged refusal. */
  'excused',
  /** 401 and 407 sent to the source. */
  'challenges',
  /** Challenges whose nonce came back, from whatever address, or that were acknowledged. */
  'followed',
  /** Final refusals of INVITEs that were acknowledged with the PBX's own To tag. */
  'acknowledged',
  /** Challenges that call the nonce stale though the digest was right. */
  'staleChallenges',
  /** 403, or a challenge that is not stale, after credentials on a nonce that was sent to this source. */
  'failures',
  /** 2xx to a request with credentials. */
  'successes',
  /** Responses of any status sent to the source, and those of status 200 and above. */
  'replies',
  'finals',
  /** On a SIP port and not SIP: malformed messages and other protocols. */
  'junk',
] as const

export type Counter = (typeof COUNTERS)[number]

/** Counts by name; what is zero is left out. */
export type Counts = { readonly [name in Counter]?: number }

/** How a source has shown that packets sent to its address arrive there, the strongest proof last. */
export type Proof = 'none' | 'handshake' | 'nonce' | 'dialog'

const PROOF_RANK: Record<Proof, number> = { none: 0, handshake: 1, nonce: 2, dialog: 3 }
const PROOF_SECONDS = 600

const INDEX = Object.fromEntries(COUNTERS.map((name, i) => [name, i])) as Record<Counter, number>

/** A challenge has this long to be followed up, and a request to be excused, before either is judged. */
const FOLLOW_UP_SECONDS = 2
const EXCUSE_SECONDS = 5

const WINDOW_SECONDS = 10
const FINE_SECONDS = WINDOW_SECONDS + EXCUSE_SECONDS + 1
const MINUTES = 10
const CHALLENGE_SECONDS = 64
/** Failed users are counted over the running and the last spell of this length: 5 to 10 minutes. */
const USERS_SPELL_SECONDS = 300
const USERS_REGISTERS = 64

/** Counts that are old enough for their answers to be in. */
export interface Settled {
  /** Challenges of 10 s, the newest 2 s old, and how many of them were followed up. */
  readonly challenges: number
  readonly followed: number
  /** The same over 60 s. */
  readonly challenges60: number
  readonly followed60: number
  /** Final replies of 10 s, the newest 2 s old; those that were acknowledged; packets and bytes of the same time. */
  readonly finals: number
  readonly acknowledged: number
  readonly packetsIn: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Out-of-dialog requests of 10 s, the newest 5 s old, and how many of them were excused. */
  readonly requests: number
  readonly excused: number
}

/**
 * The counters of one source, about 4 KiB whatever it sends. It has no clock: `second` is packet time in whole
 * seconds since 1970, and a window "ending at" a second holds the seconds before it.
 */
export class SourceRecord {
  readonly #fine = new Ring(FINE_SECONDS, COUNTERS.length)
  readonly #minutes = new Ring(MINUTES, COUNTERS.length)
  readonly #challenges = new Ring(CHALLENGE_SECONDS, 2)
  #users = new HyperLogLog(USERS_REGISTERS)
  #earlierUsers = new HyperLogLog(USERS_REGISTERS)
  #usersSpell = 0
  /** Echoes of nonces that were sent to this source and to no other. */
  echoes = 0
  /** Seconds; null where the source is not known-good. */
  knownGoodAt: number | null = null
  /** When it was last news that the source is known-good. */
  announcedAt = 0
  lastSecond = 0
  /** When the oldest request came that no reply has followed; null while all is answered. */
  unansweredSince: number | null = null
  #proof: Proof = 'none'
  #provenSecond = 0
  ttl = 0
  readonly transports = new Set<Transport>()
  prefix: Prefix

  constructor(prefix: Prefix) {
    this.prefix = prefix
  }

  /** Makes the record another source's, with nothing counted yet. */
  reuse(prefix: Prefix): void {
    this.prefix = prefix
    for (const ring of [this.#fine, this.#minutes, this.#challenges]) ring.clear()
    this.#users.clear()
    this.#earlierUsers.clear()
    this.echoes = 0
    this.#proof = 'none'
    this.knownGoodAt = null
    this.unansweredSince = null
    this.ttl = 0
    this.transports.clear()
  }

  /** The proof that was renewed within 10 minutes: an address can change hands, so older ones say nothing. */
  proof(second: number): Proof {
    return second - this.#provenSecond <= PROOF_SECONDS ? this.#proof : 'none'
  }

  /** Returns whether this is news: a stronger proof than the one that still holds. */
  prove(proof: Proof, second: number): boolean {
    const rank = PROOF_RANK[proof] - PROOF_RANK[this.proof(second)]
    if (rank < 0) return false
    this.#proof = proof
    this.#provenSecond = second
    return rank > 0
  }

  add(counter: Counter, second: number, count = 1): void {
    const column = INDEX[counter]
    this.#fine.add(second, column, count)
    this.#minutes.add(Math.floor(second / 60), column, count)
    if (counter === 'challenges') this.#challenges.add(second, 0, count)
    else if (counter === 'followed') this.#challenges.add(second, 1, count)
  }

  /** @param hash of a user name whose attempt failed */
  addFailedUser(hash: number, second: number): void {
    const spell = Math.floor(second / USERS_SPELL_SECONDS)
    if (spell > this.#usersSpell) this.#rotateUsers(spell)
    this.#users.add(hash)
  }

  window10(end: number): Counts {
    return collect((column) => this.#fine.sum(column, end - WINDOW_SECONDS, end - 1))
  }

  /** The running minute and the nine before it. */
  window600(end: number): Counts {
    const minute = Math.floor((end - 1) / 60)
    return collect((column) => this.#minutes.sum(column, minute - MINUTES + 1, minute))
  }

  /** Failures of 10 minutes; cheap to ask of every source each second. */
  failures(end: number): number {
    return this.#lately('failures', end, MINUTES)
  }

  /** The most of what else is held against sources, and never less than any window of an observation shows. */
  busiest(end: number): number {
    const answers = Math.max(this.#lately('challenges', end, 3), this.#lately('finals', end, 2))
    return Math.max(answers, this.#lately('outOfDialog', end, 2))
  }

  settled(end: number): Settled {
    const followUp = end - FOLLOW_UP_SECONDS
    const excuse = end - EXCUSE_SECONDS
    return {
      challenges: this.#challenges.sum(0, followUp - WINDOW_SECONDS, followUp - 1),
      followed: this.#challenges.sum(1, followUp - WINDOW_SECONDS, followUp - 1),
      challenges60: this.#challenges.sum(0, followUp - 60, followUp - 1),
      followed60: this.#challenges.sum(1, followUp - 60, followUp - 1),
      finals: this.#fine.sum(INDEX.finals, followUp - WINDOW_SECONDS, followUp - 1),
      acknowledged: this.#fine.sum(INDEX.acknowledged, followUp - WINDOW_SECONDS, followUp - 1),
      packetsIn: this.#fine.sum(INDEX.packetsIn, followUp - WINDOW_SECONDS, followUp - 1),
      bytesIn: this.#fine.sum(INDEX.bytesIn, followUp - WINDOW_SECONDS, followUp - 1),
      bytesOut: this.#fine.sum(INDEX.bytesOut, followUp - WINDOW_SECONDS, followUp - 1),
      requests: this.#fine.sum(INDEX.outOfDialog, excuse - WINDOW_SECONDS, excuse - 1),
      excused: this.#fine.sum(INDEX.excused, excuse - WINDOW_SECONDS, excuse - 1),
    }
  }

  /** Registers of the distinct users that failed within 5 to 10 minutes. */
  failedUsers(end: number): Uint8Array {
    const spell = Math.floor((end - 1) / USERS_SPELL_SECONDS)
    if (spell > this.#usersSpell) this.#rotateUsers(spell)
    const both = new HyperLogLog(USERS_REGISTERS)
    both.merge(this.#users.registers)
    both.merge(this.#earlierUsers.registers)
    return both.registers
  }

  #lately(counter: Counter, end: number, minutes: number): number {
    const minute = Math.floor((end - 1) / 60)
    return this.#minutes.sum(INDEX[counter], minute - minutes + 1, minute)
  }

  #rotateUsers(spell: number): void {
    const next = this.#earlierUsers
    next.clear()
    this.#earlierUsers = this.#users
    if (spell > this.#usersSpell + 1) this.#earlierUsers.clear()
    this.#users = next
    this.#usersSpell = spell
  }
}

function collect(sum: (column: number) => number): Counts {
  const counts: { [name in Counter]?: number } = {}
  for (const [column, name] of COUNTERS.entries()) {
    const count = sum(column)
    if (count > 0) counts[name] = count
  }
  return counts
}
