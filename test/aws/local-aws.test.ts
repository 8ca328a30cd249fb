import type { DeleteNetworkAclEntryCommandInput } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { ACL_ID, numbersOf, openAccount, refusal, sip4, statusOf } from './account.ts'
import type { AwsApi } from './aws-api.ts'
import { LONGEST_BODY } from './exchange.ts'
import type { LocalAws } from './local-aws.ts'
import { startLocalAws } from './local-aws.ts'
import { AWS_JSON_1_0 } from './protocols.ts'

const authorization = (name: string) =>
  `AWS4-HMAC-SHA256 Credential=LOCAL/20260101/eu-west-1/${name}/aws4_request, SignedHeaders=host, Signature=0`

async function post({ endpoint }: LocalAws, body: string, headers: Record<string, string>) {
  const response = await fetch(endpoint, { method: 'POST', body, headers })
  return `${response.status} ${response.headers.get('content-type')} ${await response.text()}`
}

describe('what a call gets', () => {
  const entry: DeleteNetworkAclEntryCommandInput = { NetworkAclId: ACL_ID, RuleNumber: 100, Egress: false }

  test('a dry run answers 412 and changes nothing, whatever else is in the request', async () => {
    const { aws, ec2 } = await openAccount()
    const before = aws.acls.get(ACL_ID)!.describe()
    const calls = [
      () => ec2.describeNetworkAcls({ DryRun: true }),
      () => ec2.createNetworkAclEntry(sip4({ DryRun: true })),
      () => ec2.replaceNetworkAclEntry(sip4({ DryRun: true, RuleNumber: 100 })),
      () => ec2.deleteNetworkAclEntry({ ...entry, DryRun: true }),
      () => ec2.createTags({ DryRun: true, Resources: [ACL_ID], Tags: [{ Key: 'k' }] }),
      () => ec2.deleteTags({ DryRun: true, Resources: ['nothing'] }),
      () => ec2.describeTags({ DryRun: true }),
    ]
    for (const call of calls) {
      expect([await refusal(call()), await statusOf(call())]).toEqual(['DryRunOperation', 412])
    }
    expect(aws.acls.get(ACL_ID)!.describe()).toBe(before)
    expect((await ec2.describeTags({})).Tags).toEqual([])
  })

  test('an action that is not there is an InvalidAction of EC2', async () => {
    const { ec2 } = await openAccount()
    expect([await refusal(ec2.describeKeyPairs({})), await statusOf(ec2.describeKeyPairs({}))]).toEqual([
      'InvalidAction',
      400,
    ])
  })

  test('calls are recorded in order of arrival, refused ones too', async () => {
    let now = 5000
    const { aws, ec2, serviceQuotas } = await openAccount({ now: () => now })
    await ec2.describeNetworkAcls({
      NetworkAclIds: [ACL_ID],
      Filters: [{ Name: 'default', Values: ['true'] }],
    })
    now = 6000
    await refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: 100 })))
    await serviceQuotas.getServiceQuota({ ServiceCode: 'vpc', QuotaCode: 'L-2AEEBF1A' })
    expect(aws.calls().map(({ service, action, at }) => [service, action, at])).toEqual([
      ['ec2', 'DescribeNetworkAcls', 5000],
      ['ec2', 'CreateNetworkAclEntry', 6000],
      ['servicequotas', 'GetServiceQuota', 6000],
    ])
    const [describing, creating, asking] = aws.calls().map(({ parameters }) => parameters)
    expect(describing).toEqual({ NetworkAclId: [ACL_ID], Filter: [{ Name: 'default', Value: ['true'] }] })
    expect(creating).toMatchObject({
      RuleNumber: '100',
      Egress: 'false',
      PortRange: { From: '5060', To: '5061' },
    })
    expect(asking).toEqual({ ServiceCode: 'vpc', QuotaCode: 'L-2AEEBF1A' })
  })

  test('a call in an account that stopped gets no answer', async () => {
    const { aws, ec2 } = await openAccount()
    expect(await numbersOf(ec2)).toHaveLength(4)
    await aws.stop()
    expect(await statusOf(ec2.describeNetworkAcls({}))).toBeUndefined()
  })
})

describe('Service Quotas', () => {
  const rules = { ServiceCode: 'vpc', QuotaCode: 'L-2AEEBF1A' }

  test('the quota in force and the default one are of rules per network ACL', async () => {
    const { aws, serviceQuotas } = await openAccount({ rulesQuota: 40 })
    const applied = await serviceQuotas.getServiceQuota(rules)
    const initial = await serviceQuotas.getAWSDefaultServiceQuota(rules)
    expect(applied.Quota).toMatchObject({ ...rules, QuotaName: 'Rules per network ACL', Value: 40 })
    expect(initial.Quota).toMatchObject({ ...rules, Value: 20, Adjustable: true })
    expect(aws.acls.get(ACL_ID)!.rulesQuota).toBe(40)
  })

  test('an unknown quota is no such resource, and one without an applied value has its default alone', async () => {
    const { aws, serviceQuotas } = await openAccount()
    const unknown = { ServiceCode: 'vpc', QuotaCode: 'L-00000000' }
    expect(await refusal(serviceQuotas.getServiceQuota(unknown))).toBe('NoSuchResourceException')
    expect(await refusal(serviceQuotas.getAWSDefaultServiceQuota(unknown))).toBe('NoSuchResourceException')
    aws.quotas.set('vpc/L-00000000', { name: 'x', applied: null, initial: 5, adjustable: false })
    expect(await refusal(serviceQuotas.getServiceQuota(unknown))).toBe('NoSuchResourceException')
    expect((await serviceQuotas.getAWSDefaultServiceQuota(unknown)).Quota!.Value).toBe(5)
  })

  test('an action that is not there and a request without codes are refused', async () => {
    const { serviceQuotas } = await openAccount()
    expect(await refusal(serviceQuotas.listServices({}))).toBe('UnknownOperationException')
    const empty = { ServiceCode: undefined, QuotaCode: undefined }
    expect(await refusal(serviceQuotas.getServiceQuota(empty))).toBe('IllegalArgumentException')
  })
})

describe('the wire', () => {
  test('EC2 refuses in XML with the characters of the request escaped', async () => {
    const { aws } = await openAccount()
    const body = 'Action=DescribeNetworkAcls&Version=2016-11-15&NetworkAclId.1=%3Cb%3E%26%00'
    expect(await post(aws, body, { authorization: authorization('ec2') })).toBe(
      '400 text/xml;charset=UTF-8 <?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>InvalidNetworkAclId.Malformed</Code>' +
        '<Message>Invalid id: &#34;&#60;b&#62;&#38;\ufffd&#34;</Message></Error></Errors>' +
        '<RequestID>00000000-0000-4000-8000-000000000001</RequestID></Response>',
    )
  })

  test('JSON services refuse with __type and are found by X-Amz-Target where nothing is signed', async () => {
    const { aws } = await openAccount()
    const body = '{"ServiceCode":"s3","QuotaCode":"x"}'
    expect(await post(aws, body, { 'x-amz-target': 'ServiceQuotasV20190624.GetServiceQuota' })).toBe(
      '400 application/x-amz-json-1.1 {"__type":"NoSuchResourceException","message":"There is no quota s3/x"}',
    )
  })

  test('an API of the test is called like any other', async () => {
    const queue: AwsApi = {
      name: 'sqs',
      target: 'AmazonSQS',
      protocol: AWS_JSON_1_0,
      actions: { SendMessage: ({ MessageBody }) => ({ MessageId: `${MessageBody} 1` }) },
      throttled: { code: 'RequestThrottled', status: 400 },
      internal: { code: 'InternalError', status: 500 },
    }
    const { aws } = await openAccount({ apis: [queue] })
    const headers = { authorization: authorization('sqs'), 'x-amz-target': 'AmazonSQS.SendMessage' }
    expect(await post(aws, '{"MessageBody":"hello"}', headers)).toBe(
      '200 application/x-amz-json-1.0 {"MessageId":"hello 1"}',
    )
  })

  test.each<[string, string, string, number]>([
    ['a service that is not there', 's3', 'Action=ListBuckets', 403],
    ['a form without an action', 'ec2', 'Version=2016-11-15', 400],
    ['an action of every object', 'ec2', 'Action=constructor', 400],
    ['a list where text is expected', 'ec2', 'Action=CreateNetworkAclEntry&RuleNumber.1=5', 400],
    ['text where a list is expected', 'ec2', 'Action=DescribeNetworkAcls&Filter=x', 400],
    ['text where a filter is expected', 'ec2', 'Action=DescribeNetworkAcls&Filter.1=x', 400],
    ['a number too long', 'ec2', `Action=DescribeNetworkAcls&MaxResults=${'9'.repeat(99)}`, 400],
    ['a name that nests without end', 'ec2', `Action=DescribeTags&${'a.'.repeat(200_000)}a=1`, 500],
    ['a prototype', 'ec2', 'Action=DescribeNetworkAcls&__proto__.Filter=x', 200],
    ['JSON that is a list', 'servicequotas', '[]', 400],
    ['JSON that ends early', 'servicequotas', '{"a":', 400],
  ])('%s gets an answer', async (_name, service, body, status) => {
    const { aws } = await openAccount()
    const headers = { authorization: authorization(service), 'x-amz-target': 'X.GetServiceQuota' }
    expect(Number((await post(aws, body, headers)).slice(0, 3))).toBe(status)
  })

  test('a body without end gets no answer', async () => {
    const aws = await startLocalAws()
    const headers = { authorization: authorization('ec2') }
    await expect(post(aws, 'x'.repeat(LONGEST_BODY + 1), headers)).rejects.toThrow()
    await aws.stop()
  })
})
