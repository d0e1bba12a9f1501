import createValidators from '@fastify/ajv-compiler';
import createSerializers from '@fastify/fast-json-stringify-compiler';
import type { FastifyInstance } from 'fastify';

/**
 * Uses fastify's own compilers, but only when a schema is first used. A process uses few of them, and compiling them
 * all was a seventh of a start.
 */
export function compileSchemasAtFirstUse(app: FastifyInstance): void {
  // ours are constants: checking them gains nothing
  const compileValidator = createValidators()({}, { customOptions: { validateSchema: false } });
  app.setValidatorCompiler((route) => {
    let compiled: ReturnType<typeof compileValidator> | null = null;
    const validate = (data: unknown) => {
      compiled ??= compileValidator(route);
      const isValid = compiled(data) === true;
      Object.assign(validate, { errors: compiled.errors }); // where fastify looks for them
      return isValid;
    };
    return validate;
  });
  const compileSerializer = createSerializers()({});
  app.setSerializerCompiler(({ httpStatus = '', ...route }) => {
    let compiled: ReturnType<typeof compileSerializer> | null = null;
    return (document) => {
      compiled ??= compileSerializer({ ...route, httpStatus });
      return compiled(document);
    };
  });
}
