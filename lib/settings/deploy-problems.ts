import type { FenceConfig } from '../config.ts'
import { escaped } from '../core/escape.ts'

const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/

/**
 * Whatever keeps a fence from being deployed, all at once, one line each, in the words of readConfig: `path` is where
 * the fence stands, such as `fences[0]`. A replay needs none of this, so the schema does not ask for it.
 */
export function deployProblems(fence: FenceConfig, path: string): readonly string[] {
  const { region, vpc, vpcCidrs, networkAcls, pbxs } = fence
  const problems: string[] = []
  if (region === undefined)
    problems.push('region: should be an AWS region such as "eu-west-1"; it is missing')
  if (vpc === undefined) problems.push('vpc: should be a VPC id such as "vpc-0a1b2c3d"; it is missing')
  // Known only from here, the VPC would otherwise be blocked like any other source.
  if (vpcCidrs.length === 0)
    problems.push('vpcCidrs: should name the VPC’s address ranges, which are never blocked; it is empty')
  if (networkAcls.length === 0)
    problems.push('networkAcls: should name the network ACL of the PBX’s subnet; it is empty')
  if (pbxs.length === 0) problems.push('pbxs: should name at least one PBX; it is empty')
  for (const [index, { id }] of pbxs.entries()) {
    const problem = instanceProblem(
      id,
      pbxs.slice(0, index).map((earlier) => earlier.id),
    )
    if (problem !== undefined) problems.push(`pbxs[${index}].id: ${problem}`)
  }
  return problems.map((problem) => `${path}.${problem}`)
}

/** Reports are believed by the instance that sent them, so each PBX is known by its instance id, once. */
function instanceProblem(
  id: string | undefined,
  earlier: readonly (string | undefined)[],
): string | undefined {
  if (id === undefined) return 'should be an instance id such as "i-0123456789abcdef0"; it is missing'
  if (!INSTANCE_ID.test(id))
    return `should be an instance id such as "i-0123456789abcdef0"; it is ${escaped(JSON.stringify(id.slice(0, 80)))}`
  return earlier.includes(id) ? `is used twice; it is "${id}"` : undefined
}
