import Type, { type TObject, type TProperties } from 'typebox';

/** An object that knows all its keys: an unknown one is a start-up error. */
export function section<T extends TProperties>(properties: T, description: string): TObject<T> {
  return Type.Object(properties, { additionalProperties: false, description });
}
