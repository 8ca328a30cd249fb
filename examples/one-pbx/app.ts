import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { App, Stack } from 'aws-cdk-lib/core'
import { SipFence } from '../../lib/infra/sipfence.ts'

/** A voice stack of your own with one fence in it. The ids are those of what is there already: put yours in. */
const app = new App()
const voice = new Stack(app, 'Voice', { env: { region: 'eu-west-1', account: '123456789012' } })

const fence = new SipFence(voice, 'Fence', {
  fence: {
    id: 'pbx',
    stack: 'Voice',
    region: 'eu-west-1',
    vpc: 'vpc-0123456789abcdef0',
    vpcCidrs: ['10.0.0.0/16'],
    pbxs: [{ id: 'i-0123456789abcdef0', addresses: ['10.0.0.10', '198.51.100.10'] }],
    networkAcls: [{ id: 'acl-0123456789abcdef0' }],
    allow: ['203.0.113.0/24'],
    notify: { emails: ['noc@example.org'] },
    dashboard: true,
  },
})

// What the fence is made of can be used like anything else in the app.
fence.alarmTopic.addSubscription(new EmailSubscription('oncall@example.org'))
