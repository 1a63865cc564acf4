// @ts-check
import functional from 'eslint-plugin-functional'
import tseslint from 'typescript-eslint'

/** Layers, lowest first; each may import itself and those before it. */
const layers = ['domain', 'kernels', 'engines', 'io', 'pipelines', 'library', 'cli']
/** engines and io are siblings, and so are library and cli: neither imports the other. */
const forbidden = {
  domain: ['kernels', 'engines', 'io', 'pipelines', 'library', 'cli'],
  kernels: ['engines', 'io', 'pipelines', 'library', 'cli'],
  engines: ['io', 'pipelines', 'library', 'cli'],
  io: ['engines', 'pipelines', 'library', 'cli'],
  pipelines: ['library', 'cli'],
  library: ['cli'],
  cli: ['library'],
}
const everywhere = [
  {
    regex: '^(fp-ts|io-ts)(/(?!lib/.*\\.js$).*)?$',
    message: "import 'fp-ts/lib/X.js' or 'io-ts/lib/X.js': the short form fails in plain Node",
  },
]

/** What leads from a lower layer to `other`: a relative path, or this package by its own name. @param {string} other */
const into = other => `^(?:\\.\\.?/(?:.*/)?|ohmflow/)${other}/`
/** @param {string} layer @param {string} other */
const downwards = (layer, other) => `src/${layer} must not import src/${other}: layers import downwards only`
/** A regular expression as a selector takes it, where a slash would end it. @param {string} regex */
const inSelector = regex => `/${regex.replaceAll('/', '\\u002f')}/`

/** fp-ts, less its clock, its random numbers and its console. */
const pureLibrary = 'fp-ts/lib/(?!(?:Date|Random|Console)\\.)\\w+\\.js$'
const impure = [
  ...['Date', 'performance'].map(name => ({ name, message: 'src/domain has no clock' })),
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(name => ({
    name,
    message: 'src/domain does nothing later',
  })),
  ...['process', 'global', 'globalThis', 'require'].map(name => ({ name, message: 'src/domain has no environment' })),
  ...['fetch', 'console'].map(name => ({ name, message: 'src/domain has no I/O' })),
  { name: 'crypto', message: 'randomness comes from an explicit stream (random/)' },
  { name: 'Buffer', message: 'src/domain runs anywhere: Uint8Array' },
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'results/', 'coverage/', 'api/', 'data/', '*.making/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { functional },
    rules: {
      'no-restricted-imports': ['error', { patterns: everywhere }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'functional/prefer-readonly-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  ...layers.map(layer => ({
    files: [`src/${layer}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...everywhere,
            ...forbidden[/** @type {keyof typeof forbidden} */ (layer)].map(other => ({
              regex: into(other),
              message: downwards(layer, other),
            })),
            ...(layer === 'domain'
              ? [
                  {
                    regex: `^(?!\\.\\.?/|${pureLibrary})`,
                    message: 'src/domain is pure: only its own modules and fp-ts',
                  },
                ]
              : []),
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...(layer === 'domain'
          ? [{ selector: 'ImportExpression', message: 'src/domain loads nothing as it runs' }]
          : forbidden[/** @type {keyof typeof forbidden} */ (layer)].flatMap(other =>
              [
                `ImportExpression > Literal[value=${inSelector(into(other))}]`,
                `ImportExpression > TemplateLiteral > TemplateElement:first-child[value.raw=${inSelector(into(other))}]`,
              ].map(selector => ({ selector, message: downwards(layer, other) })),
            )),
      ],
    },
  })),
  {
    files: ['src/domain/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'randomness comes from an explicit stream (random/)' },
      ],
      'no-restricted-globals': ['error', ...impure],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
)
