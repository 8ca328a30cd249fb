import { readFile } from 'node:fs/promises'
import { type Config, ConfigError, defaultFence, type FenceConfig, readConfig } from '../config.ts'
import { type Address, type Prefix, parseAddress, parsePrefix } from '../core/prefix.ts'
import { UsageError } from './usage-error.ts'

/** Readers of option values; each throws a UsageError that names the option, what it is and what it should be. */

export function addressOption(value: string, earlier: readonly Address[] = []): readonly Address[] {
  const parsed = parseAddress(value)
  if (!parsed.ok) throw new UsageError(`Cannot use --pbx: ${parsed.reason}`)
  return [...earlier, parsed.value]
}

export function prefixOption(value: string, earlier: readonly Prefix[] = []): readonly Prefix[] {
  const parsed = parsePrefix(value)
  if (!parsed.ok) throw new UsageError(`Cannot use --allow: ${parsed.reason}; for several, repeat --allow`)
  return [...earlier, parsed.value]
}

export function portsOption(value: string): readonly number[] {
  return value.split(',').map((piece) => {
    const text = piece.trim()
    const port = Number(text)
    if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
    throw new UsageError(`Cannot use --ports "${value}": "${text}" should be a port from 1 to 65535`)
  })
}

/** An EC2 instance id: the fence takes a report only from the instance that AWS names as its sender. */
export function hostOption(value: string): string {
  if (/^i-[0-9a-f]{8,17}$/.test(value)) return value
  throw new UsageError(
    `Cannot use --host "${value}"; it should be an instance id such as i-0123456789abcdef0`,
  )
}

/** A reader of a whole number from 1 to 9,999. */
export function countOption(option: string): (value: string) => number {
  return (value) => {
    if (/^[1-9]\d{0,3}$/.test(value)) return Number(value)
    throw new UsageError(`Cannot use ${option} "${value}"; it should be a whole number, 1 to 9999`)
  }
}

/** A place to listen on. */
export interface Listen {
  readonly host: Address
  readonly port: number
}

/** A loopback address and a port, `127.0.0.1:9060` or `[::1]:9060`: what is told there is for this host alone. */
export function listenOption(value: string): Listen {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value) ?? []
  const address = parseAddress(bracketed ?? plain ?? '')
  const isLoopback = address.ok && (address.value === '::1' || address.value.startsWith('127.'))
  if (isLoopback && Number(port) >= 1 && Number(port) <= 65_535)
    return { host: address.value, port: Number(port) }
  const why = address.ok && !isLoopback ? 'other hosts could reach it; it' : 'it'
  throw new UsageError(
    `Cannot use --listen "${value}": ${why} should be a loopback address and a port, such as 127.0.0.1:9060 or [::1]:9060`,
  )
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const TEN_MINUTES_MS = 600_000

/** A reader of `500ms`, `2s`, `1m`, `4h`, within two lengths that are given in milliseconds. */
export function durationOption(
  option: string,
  leastMs: number,
  mostMs = TEN_MINUTES_MS,
): (value: string) => number {
  return (value) => {
    const match = /^(\d{1,6})(ms|s|m|h)$/.exec(value)
    const ms = match === null ? Number.NaN : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
    if (ms >= leastMs && ms <= mostMs) return ms
    const likes = mostMs > UNIT_MS.h ? '30m or 4h' : '2s or 1m'
    throw new UsageError(
      `Cannot use ${option} "${value}"; it should be like ${likes}, ${shortly(leastMs)} to ${shortly(mostMs)}`,
    )
  }
}

/** In the longest unit in which it is whole and at least one; `0s` for none. */
function shortly(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((each) => ms >= UNIT_MS[each]) ?? 's'
  return `${ms / UNIT_MS[unit]}${unit}`
}

export interface FenceOptions {
  readonly config?: string
  readonly allow?: readonly Prefix[]
  readonly ports?: readonly number[]
}

/** The settings file's one fence, or the defaults, with what the command line adds. */
export async function fenceOption({ config: path, allow = [], ports }: FenceOptions): Promise<FenceConfig> {
  const fence = path === undefined ? defaultFence('local') : await onlyFence(path)
  return {
    ...fence,
    allow: [...fence.allow, ...allow],
    ports: ports === undefined ? fence.ports : [...ports],
  }
}

async function onlyFence(path: string): Promise<FenceConfig> {
  const { fences } = await readSettings(path)
  if (fences.length === 1) return fences[0]!
  const names = fences.map(({ id }) => id).join(', ')
  throw new UsageError(
    `Cannot use settings "${path}": it has ${fences.length} fences (${names}); leave the one to use`,
  )
}

/** Reads a settings file. Throws ConfigError where it cannot be read or used. */
export async function readSettings(path: string): Promise<Config> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'there is no such file; --config names another, and sipfence init writes one'
        : code === 'EISDIR'
          ? 'it is a directory'
          : message
    throw new ConfigError(`Cannot read settings "${path}": ${why}`, { cause: error })
  }
  return readConfig(path, text)
}
