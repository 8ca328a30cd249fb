import { createHash } from 'node:crypto'

/** What a client proves its password with (RFC 7616 3.4, algorithm MD5). */
export interface DigestAnswer {
  readonly user: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  /** With qop=auth: the client's own nonce, and how often it has used the server's. */
  readonly cnonce?: string
  readonly nc?: string
}

export interface DigestQuestion {
  readonly user: string
  readonly password: string
  readonly realm: string
  readonly nonce: string
  readonly method: string
  readonly uri: string
  readonly cnonce?: string
  readonly nc?: string
}

/** The `response` value for the question (RFC 7616 3.4.1; without cnonce and nc as RFC 2069 had it). */
function digestResponse({ user, password, realm, nonce, method, uri, cnonce, nc }: DigestQuestion): string {
  const secret = md5(`${user}:${realm}:${password}`)
  const asked = md5(`${method}:${uri}`)
  if (cnonce === undefined || nc === undefined) return md5(`${secret}:${nonce}:${asked}`)
  return md5(`${secret}:${nonce}:${nc}:${cnonce}:auth:${asked}`)
}

/** The answer to the question; the password decides whether it is right. */
export function digestAnswer(question: DigestQuestion): DigestAnswer {
  const { user, realm, nonce, uri, cnonce, nc } = question
  const qop = cnonce === undefined || nc === undefined ? {} : { cnonce, nc }
  return { user, realm, nonce, uri, response: digestResponse(question), ...qop }
}

/** Whether the answer was made with this password. */
export function isRightAnswer(answer: DigestAnswer, method: string, password: string): boolean {
  return digestResponse({ ...answer, method, password }) === answer.response
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
