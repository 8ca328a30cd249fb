import { EC2Client } from '@aws-sdk/client-ec2'
import { PbxSecurityGroups } from '../../lib/aws/security-groups.ts'
import { lockdownContract, rulesOf } from '../contract/lockdown.ts'
import { startLocalAws } from './local-aws.ts'

const LISTS = { 4: 'pl-00000000000000004', 6: 'pl-00000000000000006' }
const INSTANCE = 'i-0123456789abcdef0'

lockdownContract('security groups on EC2', async (seeds, rulesQuota = 60) => {
  const aws = await startLocalAws({
    prefixLists: ([4, 6] as const).map((family) => ({ id: LISTS[family], family, maxEntries: 20 })),
    securityGroups: seeds.map(({ id }) => ({ id })),
    groupRulesQuota: rulesQuota,
    networkInterfaces: [
      { id: 'eni-00000000000000001', instanceId: INSTANCE, groupIds: seeds.slice(0, 1).map(({ id }) => id) },
      { id: 'eni-00000000000000002', instanceId: INSTANCE, groupIds: seeds.slice(1).map(({ id }) => id) },
    ],
  })
  for (const { id, rules } of seeds)
    for (const { tags, ...rule } of rules) aws.securityGroups.get(id)!.authorize([rule], tags)
  const { endpoint, credentials, region } = aws
  const ec2 = new EC2Client({ endpoint, credentials, region, maxAttempts: 1 })
  const ours = seeds.filter(({ isOurs = true }) => isOurs).map(({ id }) => id)
  const held = [...aws.securityGroups.values()]
  return {
    groups: new PbxSecurityGroups({ instances: [INSTANCE], ours, ec2, rulesQuota: async () => rulesQuota }),
    ids: held.map(({ id }) => id),
    lines: async () => rulesOf(held),
    authorize: (id, rule) => void aws.securityGroups.get(id)!.authorize([rule]),
    lists: LISTS,
    async stop() {
      ec2.destroy()
      await aws.stop()
    },
  }
})
