import { SNS } from '@aws-sdk/client-sns'
import { describe, expect, onTestFinished, test } from 'vitest'
import { refusal, statusOf } from './account.ts'
import { openWideAccount } from './wide-account.ts'

async function open() {
  const account = await openWideAccount({ topics: ['alarms', 'notices'], now: () => 1_700_000_000_000 })
  return { ...account, topicArn: account.aws.topicArns[0]! }
}

describe('a topic', () => {
  test('what is published can be read, with subject and attributes', async () => {
    const { aws, sns, topicArn } = await open()
    const MessageAttributes = {
      fence: { DataType: 'String', StringValue: 'main & <b>' },
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
    }
    const message = 'Blocked 192.0.2.1 & "more" <ä>\n'
    const first = await sns.publish({
      TopicArn: topicArn,
      Subject: 'A block',
      Message: message,
      MessageAttributes,
    })
    const second = await sns.publish({ TargetArn: aws.topicArns[1], Message: 'x' })
    expect(aws.published()).toEqual([
      {
        topicArn: 'arn:aws:sns:eu-west-1:000000000000:alarms',
        subject: 'A block',
        message,
        attributes: { fence: 'main & <b>', raw: 'AQI=' },
        at: 1_700_000_000_000,
      },
      { topicArn: aws.topicArns[1], subject: undefined, message: 'x', attributes: {}, at: 1_700_000_000_000 },
    ])
    expect(first.MessageId).toMatch(/^[0-9a-f-]{36}$/)
    expect(second.MessageId).not.toBe(first.MessageId)
  })

  test('a message may have a form for each protocol', async () => {
    const { aws, sns, topicArn } = await open()
    const forms = { default: 'all', email: 'people' }
    await sns.publish({ TopicArn: topicArn, MessageStructure: 'json', Message: JSON.stringify(forms) })
    expect(aws.published()).toMatchObject([{ forms }])
  })

  test('topics are listed', async () => {
    const { aws, sns } = await open()
    expect((await sns.listTopics({})).Topics).toEqual(aws.topicArns.map((TopicArn) => ({ TopicArn })))
  })

  test.each<[string, object, string, number]>([
    [
      'a topic that is not there',
      { TopicArn: 'arn:aws:sns:eu-west-1:000000000000:none' },
      'NotFoundException',
      404,
    ],
    ['no topic', { TopicArn: undefined }, 'InvalidParameterException', 400],
    ['forms that are no JSON', { MessageStructure: 'json', Message: 'x' }, 'InvalidParameterException', 400],
    [
      'forms without a default one',
      { MessageStructure: 'json', Message: '{"email":"x"}' },
      'InvalidParameterException',
      400,
    ],
    ['another structure', { MessageStructure: 'xml' }, 'InvalidParameterException', 400],
    ['no message', { Message: '' }, 'InvalidParameterException', 400],
    ['a message over 256 KiB', { Message: 'ä'.repeat(131_073) }, 'InvalidParameterException', 400],
    ['a subject with a line break', { Subject: 'a\nb' }, 'InvalidParameterException', 400],
    ['a subject with a control character', { Subject: 'a\x1bb' }, 'InvalidParameterException', 400],
    ['a subject that begins with a space', { Subject: ' a' }, 'InvalidParameterException', 400],
    ['a subject beyond ASCII', { Subject: 'Blöcke' }, 'InvalidParameterException', 400],
    ['an empty subject', { Subject: '' }, 'InvalidParameterException', 400],
    ['a subject of 101 characters', { Subject: 'a'.repeat(101) }, 'InvalidParameterException', 400],
  ])('refuses %s', async (_name, over, name, status) => {
    const { aws, sns, topicArn } = await open()
    const publish = () => sns.publish({ TopicArn: topicArn, Message: 'x', ...over })
    expect([await refusal(publish()), await statusOf(publish()), aws.published()]).toEqual([name, status, []])
  })

  test('takes a message of 256 KiB under a subject of 100 characters', async () => {
    const { sns, topicArn } = await open()
    const call = { TopicArn: topicArn, Message: 'x'.repeat(262_144), Subject: 'a'.repeat(100) }
    expect(await refusal(sns.publish(call))).toBe('accepted')
  })

  test('attributes count for the size of a message', async () => {
    const { sns, topicArn } = await open()
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } }
    const call = { TopicArn: topicArn, Message: 'x'.repeat(262_144), MessageAttributes }
    expect(await refusal(sns.publish(call))).toBe('InvalidParameterException')
  })

  test('throttles and fails with codes that clients retry', async () => {
    const { aws, sns, topicArn } = await open()
    const { endpoint, credentials, region } = aws
    const patient = new SNS({ endpoint, credentials, region, maxAttempts: 3 })
    onTestFinished(() => patient.destroy())
    const publish = (client: SNS) => refusal(client.publish({ TopicArn: topicArn, Message: 'x' }))
    aws.faults.plan([
      { calls: [1], fault: { kind: 'throttle' } },
      { calls: [2], fault: { kind: 'before' } },
    ])
    expect([await publish(sns), await publish(sns)]).toEqual(['ThrottledException', 'InternalErrorException'])
    aws.faults.plan([
      { calls: [1], fault: { kind: 'throttle' } },
      { calls: [2], fault: { kind: 'before' } },
    ])
    expect([await publish(patient), aws.published().length]).toEqual(['accepted', 1])
  })

  test('an action that is not there is an InvalidAction', async () => {
    const { sns } = await open()
    expect(await refusal(sns.listSubscriptions({}))).toBe('InvalidAction')
  })
})
