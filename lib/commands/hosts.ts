import type { StatusDocument } from '../contract/status.ts'
import { type Deployed, isoTime } from './deployed.ts'

type HostDocument = StatusDocument['hosts'][number]

/** Three heartbeats. */
const SILENT_MS = 180_000

/** Those of the settings, in their order; who else has reported is not believed. */
export async function hostsOf({ fence, state }: Deployed): Promise<HostDocument[]> {
  const seen = new Map((await state.hosts()).map((host) => [host.host, host]))
  const roster = fence.pbxs.flatMap(({ id }) => id ?? [])
  return roster.map((host) => {
    const last = seen.get(host)
    if (last === undefined) return { host, reported: null }
    const { at, halfBlind, lossFraction } = last
    return { host, reported: { at: isoTime(at), halfBlind, lossFraction } }
  })
}

/** Those of them that have never reported, or not for minutes: nobody gets known-good by what they see. */
export async function silentHosts(deployed: Deployed): Promise<{ host: string; reported: string | null }[]> {
  const now = deployed.clock()
  const hosts = await hostsOf(deployed)
  return hosts
    .filter(({ reported }) => reported === null || now - Date.parse(reported.at) > SILENT_MS)
    .map(({ host, reported }) => ({ host, reported: reported?.at ?? null }))
}
