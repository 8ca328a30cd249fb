import { DEFAULTS } from '../../lib/config.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { firewallContract } from '../contract/firewall.ts'

firewallContract('an embedded network ACL', async (rulesQuota = 20) => {
  const acl = NetworkAcl.defaultAllow({ rulesQuota })
  return { acl, firewall: new LocalFirewall(acl, DEFAULTS.window), stop: async () => undefined }
})
