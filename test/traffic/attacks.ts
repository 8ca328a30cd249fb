import type { Address } from '../../lib/core/prefix.ts'
import { digestAnswer } from './digest.ts'
import { answerInHisName, inNoDialog, withoutOffer } from './forged-texts.ts'
import {
  type Asking,
  invite,
  minimal,
  newBranch,
  options,
  outOfDialog,
  type RequestText,
  register,
  type SipText,
  subscribe,
} from './sip-text.ts'
import type { Socket } from './socket.ts'
import { drawPath, type Path, type World } from './world.ts'

/** What the forged requests look like. */
export type ForgedStyle =
  | 'register'
  /** One Call-ID, one tag and one branch for all of them, as a loop that sends one buffer has. */
  | 'register-constant'
  | 'register-minimal'
  | 'invite'
  | 'options'
  | 'options-minimal'
  | 'subscribe'
  | 'notify'
  | 'publish'
  /** Of an INVITE that was never sent. */
  | 'cancel'
  /** BYE, INFO, NOTIFY or another INVITE in a dialog that does not exist, with a To tag. */
  | 'in-dialog'

/** Forged packets that a sender adds to look as if the one he names were there. */
export type ForgedExtra =
  /** Authorization on an invented nonce. */
  | 'junk-authorization'
  /** An ACK to the challenge of each forged INVITE, and to dialogs that do not exist. */
  | 'ack'
  /** BYE in invented dialogs. */
  | 'bye'
  /** Responses to requests that the PBX never sent: final ones of every kind, and challenges. */
  | 'responses'
  /** Each request once more as data of a TCP connection that was never confirmed. */
  | 'segments'

export interface ForgeryOptions {
  /** Whose address is forged. Nothing that the PBX sends there comes back to the sender. */
  readonly victim: Socket
  readonly pbx: Socket
  readonly domain: string
  readonly perSecond: number
  /** Milliseconds after the start of the capture. */
  readonly fromMs: number
  readonly untilMs: number
  readonly styles: readonly ForgedStyle[]
  readonly extras?: readonly ForgedExtra[]
  /** Draws a source port for each packet; otherwise all come from the victim's port. */
  readonly randomPorts?: boolean
  /** A nonce that is valid at this moment, which the sender got in his own name: he answers each challenge with it. */
  readonly borrowNonce?: () => string | undefined
}

/** Sends requests in somebody else's name, each alike or different from the last, evenly at the rate. */
export function forge(world: World, forgery: ForgeryOptions): void {
  const { perSecond, fromMs, untilMs } = forgery
  const path = drawPath(world.dice)
  const constant = asking(world, forgery, {
    branch: newBranch(world.dice),
    tag: 'as1',
    callId: 'x@localhost',
  })
  const gap = () => world.dice.between(0.9, 1.1) * (1000 / perSecond)
  world.at(fromMs, () => {
    world.repeat(gap, untilMs, () => {
      const style = world.dice.pick(forgery.styles)
      const request = requestIn(style, style === 'register-constant' ? constant : asking(world, forgery, {}))
      send(world, forgery, request, path)
    })
  })
}

/** Sends packets from random addresses, each another one, at the rate. */
export function forgeAtRandom(world: World, forgery: Omit<ForgeryOptions, 'victim'>): void {
  const path = drawPath(world.dice)
  const gap = () => world.dice.gapMs(forgery.perSecond)
  world.at(forgery.fromMs, () => {
    world.repeat(gap, forgery.untilMs, () => {
      const victim = { address: randomAddress(world), port: world.dice.whole(1_024, 65_535) }
      const one = { ...forgery, victim }
      send(world, one, requestIn(world.dice.pick(forgery.styles), asking(world, one, {})), path)
    })
  })
}

/** The request that a sender of this style writes. */
export function requestIn(style: ForgedStyle, from: Asking): RequestText {
  switch (style) {
    case 'register':
    case 'register-constant':
      return register(from)
    case 'register-minimal':
      return minimal('REGISTER', from)
    case 'invite':
      return invite(from, `9011${from.dice.whole(100_000_000, 999_999_999)}`)
    case 'options':
      return options(from)
    case 'options-minimal':
      return minimal('OPTIONS', from)
    case 'subscribe':
      return subscribe(from, from.user, 'dialog')
    case 'notify':
    case 'publish':
    case 'cancel':
      return outOfDialog(style.toUpperCase(), from, `sip:${from.user}@${from.domain}`, from.user)
    case 'in-dialog':
      return inNoDialog(from.dice.pick(['BYE', 'INFO', 'NOTIFY', 'INVITE']), options(from), from.dice)
  }
}

function send(world: World, forgery: ForgeryOptions, request: RequestText, path: Path): void {
  const { victim, pbx, randomPorts = false } = forgery
  const from = randomPorts ? { ...victim, port: world.dice.whole(1_024, 65_535) } : victim
  const put = (content: SipText, isStraySegment = false) =>
    world.send({ from, to: pbx, content, isStraySegment }, path)
  const sent = withJunk(world, forgery, request)
  put(sent)
  for (const extra of forgery.extras ?? []) {
    // An ACK before the answer that it acknowledges would be ignored, so a sender waits for it to have gone out.
    if (extra === 'ack' && request.method === 'INVITE') {
      world.after(world.dice.between(60, 200), () => put(withoutOffer('ACK', sent)))
    } else if (extra === 'bye' || extra === 'ack') put(inNoDialog(extra.toUpperCase(), request, world.dice))
    else if (extra === 'responses') put(answerInHisName(request, world.dice, forgery.borrowNonce?.()))
    else if (extra === 'segments') put(sent, true)
  }
  if (forgery.borrowNonce === undefined) return
  world.after(world.dice.between(40, 400), () => {
    const nonce = forgery.borrowNonce?.()
    if (nonce !== undefined) put(withNonce(world, forgery, request, nonce))
  })
}

function withJunk(world: World, forgery: ForgeryOptions, request: RequestText): RequestText {
  if (!(forgery.extras ?? []).includes('junk-authorization')) return request
  return { ...withNonce(world, forgery, request, world.dice.token(32)), cseq: request.cseq }
}

function withNonce(
  world: World,
  { domain }: ForgeryOptions,
  request: RequestText,
  nonce: string,
): RequestText {
  const { method, uri } = request
  const user = request.from.user
  const password = world.dice.token(8)
  const answer = digestAnswer({ user, password, realm: domain, nonce, method, uri })
  const via = { ...request.via, branch: newBranch(world.dice) }
  return { ...request, via, cseq: request.cseq + 1, answer }
}

function asking(
  world: World,
  { victim, domain }: Pick<ForgeryOptions, 'victim' | 'domain'>,
  fixed: Partial<Asking>,
): Asking {
  const user = String(world.dice.whole(100, 9_999))
  return { dice: world.dice, local: victim, domain, user, userAgent: 'friendly-scanner', ...fixed }
}

/** Any unicast address that can be somebody's. */
function randomAddress({ dice }: World): Address {
  const first = dice.whole(11, 222)
  const rest = [dice.whole(0, 255), dice.whole(0, 255), dice.whole(1, 254)]
  return [first === 127 || first === 169 ? 45 : first, ...rest].join('.') as Address
}
