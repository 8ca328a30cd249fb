import { App } from 'aws-cdk-lib/core'
import { CountBlocked } from './count-blocked.ts'

const app = new App()
const ruleGroup: unknown = app.node.tryGetContext('ruleGroup')
const loadBalancer: unknown = app.node.tryGetContext('loadBalancer')
if (typeof ruleGroup !== 'string')
  throw new Error(
    'Cannot make a web ACL: nothing says ruleGroup; say it by -c ruleGroup=arn:…, as README.md shows',
  )

new CountBlocked(app, 'SipFenceWebAcl', {
  ruleGroup,
  ...(typeof loadBalancer === 'string' ? { loadBalancer } : {}),
})
