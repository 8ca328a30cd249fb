import { type Address, sourcePrefix } from '../../lib/core/prefix.ts'
import type { SourceReport } from '../../lib/core/source-report.ts'
import { reflected, reportOf } from '../core/reports.ts'
import { fenceWith } from '../infra/synth.ts'

export const HOST = 'i-0123456789abcdef0'
export const OTHER_HOST = 'i-0fedcba9876543210'
export const ACL = 'acl-00000000000000000'

/** Two PBXs behind the local account's network ACL, in enforce, with nothing to learn first and a cap that a test can reach. */
export const LOCAL_FENCE = fenceWith({
  id: 'f',
  vpc: 'vpc-0123456789abcdef0',
  mode: 'enforce',
  networkAcls: [{ id: ACL }],
  pbxs: [
    { id: HOST, addresses: ['10.0.0.10'] },
    { id: OTHER_HOST, addresses: ['10.0.0.11'] },
  ],
  allow: [],
  learningSeconds: 0,
  perHostHour: { blocks: 100 },
})

/** A report of this moment in which each of the sources is the victim of forged requests. */
export function accusation(host: string, ...addresses: readonly string[]): SourceReport {
  const sources = addresses.map((each) => reflected(sourcePrefix(each as Address)))
  return { ...reportOf(host, 0, ...sources), at: Math.floor(Date.now() / 1000) * 1000 }
}
