import type { FenceShape } from '../core/cost.ts'

/** What of a fence's settings makes its bill. What somebody leaves out is not there, but for alarms. */
export interface PlannedFence {
  readonly pbxs: readonly unknown[]
  readonly networkAcls: readonly unknown[]
  readonly perHostHour: { readonly blocks: number }
  readonly firewalls: {
    readonly denyList?: unknown
    readonly ipSets?: unknown
    readonly trustedPeers?: unknown
  }
  readonly alarms?: boolean
  readonly dashboard?: boolean
  readonly ownKey?: boolean
  readonly existing?: { readonly key?: string | undefined }
  readonly notify?: { readonly emails: readonly unknown[] }
}

/** One series for each figure that a fence gives CloudWatch, however many sources attack. */
const METRIC_SERIES = 6
/** Twelve alarms; one of them reckons with two metrics. */
const ALARM_METRICS = 13

/** A fence without PBXs or network ACLs is reckoned with one of each: it will have them. */
export function shapeOf(fence: PlannedFence): FenceShape {
  const { denyList, ipSets, trustedPeers } = fence.firewalls
  return {
    pbxs: Math.max(1, fence.pbxs.length),
    networkAcls: Math.max(1, fence.networkAcls.length),
    denyList: denyList !== undefined,
    ipSets: ipSets !== undefined,
    trustedPeers: trustedPeers !== undefined,
    alarmMetrics: fence.alarms === false ? 0 : ALARM_METRICS,
    metricSeries: METRIC_SERIES,
    dashboard: fence.dashboard === true,
    key: keyOf(fence),
    emails: fence.notify?.emails.length ?? 0,
    hostBlocks: fence.perHostHour.blocks,
  }
}

function keyOf({ ownKey, existing }: PlannedFence): FenceShape['key'] {
  if (existing?.key !== undefined) return 'existing'
  return ownKey === true ? 'own' : 'aws'
}
