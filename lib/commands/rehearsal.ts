import type { DeployedFence } from '../aws/deployed-fence.ts'
import { portRanges } from '../core/wanted.ts'
import { type Mode, type Round, reconcile } from '../reconcile.ts'
import { firewallProblem } from './deployed.ts'

/** A round of one network ACL as it would be now, or why there can be none. */
export type Rehearsal =
  | { readonly id: string; readonly round: Round; readonly problem: null }
  | { readonly id: string; readonly round: null; readonly problem: string }

/** Rounds without hands, one network ACL after the other: they read and plan, and write nothing anywhere. */
export async function rehearse(deployed: DeployedFence, mode: Mode, now: number): Promise<Rehearsal[]> {
  const { fence, ledger, firewalls } = deployed
  const { reserve, brake } = fence
  const options = { mode, apply: false, ranges: portRanges(fence.ports), reserve, brake }
  const journal = { write: async () => undefined }
  const rehearsals: Rehearsal[] = []
  for (const firewall of firewalls) {
    const { id } = firewall
    try {
      const round = await reconcile({ ledger, firewall, journal }, options, now)
      rehearsals.push({ id, round, problem: null })
    } catch (error) {
      const problem = firewallProblem(error)
      if (problem === undefined) throw error
      rehearsals.push({ id, round: null, problem })
    }
  }
  return rehearsals
}
