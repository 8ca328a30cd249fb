import { hostname, userInfo } from 'node:os'
import { printable } from '../view/format.ts'

/** Whoever runs the command, `user@host`: a name for people, no proof. */
export function operator(): string {
  return `${printable(userName(), 60)}@${printable(hostname(), 80)}`
}

/** A container may run as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
