import { type Message, SendMessageCommand, type SendMessageCommandInput, type SQSClient } from '@aws-sdk/client-sqs';

export const text = (StringValue: string) => ({ DataType: 'String', StringValue });

export const attributeOf = ({ MessageAttributes = {} }: Message, name: string): string =>
  MessageAttributes[name]?.StringValue ?? '';

/** As a consumer answers that was asked to; `more` is what it says. False when nobody has asked. */
export async function answer(
  client: SQSClient,
  message: Message,
  more: Partial<SendMessageCommandInput> = {},
): Promise<boolean> {
  const { ReplyTo, CorrelationId } = message.MessageAttributes ?? {};
  if (ReplyTo === undefined || CorrelationId === undefined) return false;
  const asked = { QueueUrl: ReplyTo.StringValue, MessageBody: '{"ok":true}', MessageAttributes: { CorrelationId } };
  await client.send(new SendMessageCommand({ ...asked, ...more }));
  return true;
}
