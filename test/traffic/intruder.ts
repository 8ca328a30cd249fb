import { requestIn } from './attacks.ts'
import { digestAnswer } from './digest.ts'
import { type Asking, again, type RequestText, type ResponseText, register } from './sip-text.ts'
import type { Socket } from './socket.ts'
import { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

interface AttackTimes {
  readonly socket: Socket
  readonly pbx: Socket
  readonly domain: string
  readonly perSecond: number
  /** Milliseconds after the start of the capture. */
  readonly fromMs: number
  readonly untilMs: number
}

export interface BruteForceOptions extends AttackTimes {
  /** Users that exist and users that do not, tried in turn. */
  readonly users: readonly string[]
  /** Uses a nonce from somewhere else instead of those that are sent here. */
  readonly borrowNonce?: () => string | undefined
}

/** Guesses passwords from an address of its own: REGISTER, its challenge, REGISTER with a wrong digest. */
export function bruteForce(world: World, attack: BruteForceOptions): void {
  const { perSecond, fromMs, untilMs, users, socket, pbx, domain, borrowNonce } = attack
  const { dice } = world
  const agent = new UserAgent(world, { socket, onRequest: () => {} })
  const guess = (request: RequestText, nonce: string) => {
    const { method, uri, from } = request
    return digestAnswer({ user: from.user, password: dice.token(8), realm: domain, nonce, method, uri })
  }
  let count = 0
  world.at(fromMs, () => {
    const gap = () => dice.gapMs(perSecond)
    world.repeat(gap, untilMs, () => {
      const user = users[count++ % users.length]!
      const request = register({ ...askingOf(world, attack), user })
      const borrowed = borrowNonce?.()
      if (borrowed !== undefined) return agent.request({ ...request, answer: guess(request, borrowed) }, pbx)
      agent.request(request, pbx, ({ challenge }) => {
        if (challenge === undefined) return
        agent.request(again(request, dice, guess(request, challenge.nonce)), pbx)
      })
    })
  })
}

export interface FloodOptions extends AttackTimes {
  readonly style: 'register' | 'invite' | 'options'
  /** Acknowledges each refusal of an INVITE, as a whole SIP stack does and most tools do not. */
  readonly acknowledges: boolean
  /** Answers this share of the challenges, with a wrong digest. */
  readonly answersShare?: number
}

/** Sends more than anybody should from an address where the answers do arrive. */
export function flood(world: World, attack: FloodOptions): void {
  const { perSecond, fromMs, untilMs, style, socket, pbx, domain, acknowledges, answersShare = 0 } = attack
  const { dice } = world
  const agent = new UserAgent(world, { socket, onRequest: () => {} })
  const answer = (request: RequestText, { challenge }: ResponseText) => {
    if (challenge === undefined || !dice.chance(answersShare)) return
    const { method, uri, from } = request
    const question = {
      user: from.user,
      password: 'guess',
      realm: domain,
      nonce: challenge.nonce,
      method,
      uri,
    }
    agent.request(again(request, dice, digestAnswer(question)), pbx)
  }
  world.at(fromMs, () => {
    const gap = () => dice.gapMs(perSecond)
    world.repeat(gap, untilMs, () => {
      const request = requestIn(style, askingOf(world, attack))
      if (acknowledges || answersShare > 0)
        agent.request(request, pbx, (response) => answer(request, response))
      else world.send({ from: socket, to: pbx, content: request })
    })
  })
}

/** Asks for a challenge each second and says which nonce it got last: what others who need one may borrow. */
export function nonceFetcher(
  world: World,
  { socket, pbx, domain, untilMs }: Pick<AttackTimes, 'socket' | 'pbx' | 'domain' | 'untilMs'>,
): () => string | undefined {
  let nonce: string | undefined
  const agent = new UserAgent(world, { socket, onRequest: () => {} })
  const fetch = () => {
    agent.request(register(askingOf(world, { socket, domain })), pbx, ({ challenge }) => {
      nonce = challenge?.nonce ?? nonce
    })
  }
  world.at(0, () => world.repeat(() => 1000, untilMs, fetch))
  return () => nonce
}

function askingOf({ dice }: World, { socket, domain }: Pick<AttackTimes, 'socket' | 'domain'>): Asking {
  return { dice, local: socket, domain, user: String(dice.whole(100, 9_999)), userAgent: 'pplsip' }
}
