import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export type GuardedChild = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Becomes the program, beside a guard that reads from a pipe which only our process holds open. At its end the guard ends its
 * own parent, the program, and nothing else: where the program is gone already, its number may be another's by now.
 */
const GUARDED = `exec 3<&0 </dev/null
{ read -r _ <&3; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" = "$$" ] && kill "$$"; } >&- 2>&- &
exec "$@" 3<&-`

/** What the child ends with where there is no such program. */
export const NOT_FOUND = 127
/** And where it does not run. */
export const NOT_EXECUTABLE = 126

/**
 * Starts a program that ends when this process does, even by SIGKILL: one that waits for packets on a quiet interface would
 * notice nothing, for ever. Signals to the child reach the program, and its exit code is the program's. It reads nothing.
 */
export function spawnGuarded(command: string, args: readonly string[], env: NodeJS.ProcessEnv): GuardedChild {
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  })
  child.stdin.on('error', () => {})
  return child
}
