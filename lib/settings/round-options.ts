import type { FenceConfig } from '../config.ts'
import { portRanges } from '../core/wanted.ts'
import { DEFAULTS } from './defaults.ts'

/** What the settings say about the rounds of a fence. */
export function roundOptions(fence: FenceConfig) {
  const { id, mode, ports, reserve, brake, pbxs, allow, healthCheckers, vpcCidrs, firewalls } = fence
  const { trustedPeers } = firewalls
  const { ipv4, ipv6 } = trustedPeers?.widest ?? DEFAULTS.trustedPeers.widest
  return {
    fence: id,
    mode,
    ranges: portRanges(ports),
    reserve,
    brake,
    allow: [...allow, ...healthCheckers, ...vpcCidrs],
    widest: { 4: ipv4, 6: ipv6 },
    officeHours: trustedPeers?.officeHours,
    roster: pbxs.flatMap((pbx) => pbx.id ?? []),
  }
}
