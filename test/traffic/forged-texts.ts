import type { Dice } from './dice.ts'
import { newBranch, type RequestText, type ResponseText, respond } from './sip-text.ts'

/** What somebody writes who sees no answer: every tag, branch and Call-ID of the other side is a guess. */

/** The ACK to a request, or another one in its dialog, as far as its sender can write it: the To tag is a guess. */
export function withoutOffer(method: string, request: RequestText): RequestText {
  const { body: _, contact: __, lines: ___, ...rest } = request
  return { ...rest, method, to: { ...request.to, tag: 'as7c1f' } }
}

/** A request in a dialog that does not exist. */
export function inNoDialog(method: string, request: RequestText, dice: Dice): RequestText {
  const via = { ...request.via, branch: newBranch(dice) }
  return { ...withoutOffer(method, request), via, callId: dice.token(24) }
}

/**
 * A response to something that the PBX may have asked: OPTIONS to a phone that is registered, the NOTIFY of a
 * subscription, the INVITE of a call to it. Half of them name the sender's own request. A challenge brings a nonce.
 */
export function answerInHisName(request: RequestText, dice: Dice, nonce = dice.token(32)): ResponseText {
  const method = dice.pick(['OPTIONS', 'INVITE', 'NOTIFY', 'BYE', 'REGISTER'])
  const status = dice.pick([100, 180, 200, 401, 403, 404, 407, 486, 503])
  const own = { ...request, method }
  const other = { ...own, via: { ...request.via, branch: newBranch(dice) }, callId: dice.token(24) }
  const challenge = { realm: request.to.host, nonce, stale: false, qop: true }
  const more = status === 401 || status === 407 ? { challenge } : {}
  return respond(dice.chance(0.5) ? own : other, status, { server: 'phone', tag: dice.token(10), ...more })
}
