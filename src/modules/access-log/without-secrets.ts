const SECRET_NAME =
  /secret|pass|pwd|\bpin\b|\botp\b|token|ticket|key|credential|auth|code|session|sig|jwt|assertion|saml/i;

/**
 * @param query raw query with its `?`, or an empty string
 * @returns the same with `***` for the values of parameters that may be secrets
 */
export function withoutSecrets(query: string): string {
  return query.replace(/[^?&;]+/g, (parameter) => {
    const name = parameter.slice(0, Math.max(0, parameter.indexOf('=')));
    return SECRET_NAME.test(decoded(name)) ? `${name}=***` : parameter;
  });
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
