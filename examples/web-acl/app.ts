import { FENCE, input, make, optional, type Shape } from '../inputs.ts'
import { CountBlocked } from './count-blocked.ts'

const RULE_GROUP: Shape = {
  is: (text) => /^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional\/rulegroup\/[\w-]+\/[\w-]+$/.test(text),
  should:
    'the ARN of a regional rule group, such as "arn:aws:wafv2:eu-west-1:123456789012:regional/rulegroup/sipfence-pbx/…"',
}

const LOAD_BALANCER: Shape = {
  is: (text) =>
    /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/app\/[\w-]+\/[0-9a-f]+$/.test(text),
  should: 'the ARN of an Application Load Balancer',
}

make('a web ACL', (app) => {
  const fence = input(app, 'fence', FENCE)
  const ruleGroup = input(app, 'ruleGroup', RULE_GROUP)
  const loadBalancer = optional(app, 'loadBalancer', LOAD_BALANCER)
  new CountBlocked(app, `SipFenceWebAcl-${fence}`, {
    fence,
    ruleGroup,
    ...(loadBalancer === undefined ? {} : { loadBalancer }),
  })
})
