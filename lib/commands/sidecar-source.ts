import type { PacketSource } from '../capture.ts'
import type { FenceConfig } from '../config.ts'
import type { Address } from '../core/prefix.ts'
import { openCapture } from '../host/capture-file.ts'
import { defaultInterface, ownAddresses } from '../host/own-addresses.ts'
import { paced } from '../host/paced.ts'
import { tcpdumpSource } from '../host/tcpdump.ts'
import { peek } from '../local/peek.ts'
import { tellPeople } from './terminal.ts'
import { UsageError } from './usage-error.ts'

export interface Watched {
  readonly source: PacketSource
  readonly pbx: readonly Address[]
  /** For people: where the packets come from. */
  readonly where: string
}

export interface WatchOptions {
  readonly interface?: string
  readonly read?: string
  readonly pbx?: readonly Address[]
}

/**
 * The packets to count, live or from a recording, and whose they are. `others` are addresses of this host that its
 * interfaces do not show. Throws a UsageError where it cannot be told who the PBX of a recording is.
 */
export async function watch(
  options: WatchOptions,
  config: FenceConfig,
  others: readonly Address[],
  signal: AbortSignal,
): Promise<Watched> {
  const configured = config.pbxs.flatMap(({ addresses }) => addresses)
  const told = options.pbx ?? (configured.length > 0 ? configured : undefined)
  if (options.read !== undefined) return await watchRecording(options.read, told, config, signal)
  const device = options.interface ?? defaultInterface()
  return {
    source: tcpdumpSource({ interface: device, ports: config.ports, clock: () => Date.now(), signal }),
    pbx: [...new Set([...(told ?? ownAddresses()), ...others])],
    where: device,
  }
}

async function watchRecording(
  path: string,
  told: readonly Address[] | undefined,
  config: FenceConfig,
  signal: AbortSignal,
): Promise<Watched> {
  const recording = path === '-' ? standardInput(signal) : openCapture(path, tellPeople)
  const { pbx, source } =
    told === undefined ? await peek(recording, new Set(config.ports)) : { pbx: [...told], source: recording }
  if (pbx === undefined && !signal.aborted) {
    throw new UsageError(
      `Cannot tell which address in "${path}" is the PBX; name it with --pbx, once for each of its addresses, or in the settings`,
    )
  }
  const where = `${path === '-' ? 'standard input' : `"${path}"`}, as if it came now`
  return { source: paced(source, { clock: () => Date.now(), signal }), pbx: pbx ?? [], where }
}

/** Ends when the signal aborts: what waits for standard input would hold the process, whatever else has ended. */
async function* standardInput(signal: AbortSignal): PacketSource {
  signal.addEventListener('abort', () => process.stdin.destroy())
  try {
    yield* openCapture('-', tellPeople)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
