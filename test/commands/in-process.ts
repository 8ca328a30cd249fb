import { vi } from 'vitest'
import { main } from '../../lib/commands/main.ts'
import type { Ended } from './cli.ts'

/**
 * Runs the command line in this process, where a command takes milliseconds and not the second in which Node starts
 * and loads the AWS SDK. One at a time: what it prints and its environment are the process's own.
 */
export async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  const own = process.env
  const takers = process.stdout.listeners('error')
  const spies = [taken(process.stdout, out), taken(process.stderr, err)]
  process.env = { ...environment }
  try {
    const code = await main(['node', 'sipfence', ...args])
    return { code, out: out.join(''), err: err.join('') }
  } finally {
    process.env = own
    for (const spy of spies) spy.mockRestore()
    for (const listener of process.stdout.listeners('error'))
      if (!takers.includes(listener)) process.stdout.off('error', listener as () => void)
  }
}

function taken(stream: NodeJS.WriteStream, into: string[]) {
  return vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    into.push(String(chunk))
    return true
  })
}
