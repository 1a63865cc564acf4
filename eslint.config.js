// @ts-check
import functional from 'eslint-plugin-functional'
import tseslint from 'typescript-eslint'

/** Layers, lowest first; each may import itself and those before it. */
const layers = ['domain', 'kernels', 'engines', 'io', 'pipelines', 'cli']
/** engines and io are siblings: neither imports the other. */
const forbidden = {
  domain: ['kernels', 'engines', 'io', 'pipelines', 'cli'],
  kernels: ['engines', 'io', 'pipelines', 'cli'],
  engines: ['io', 'pipelines', 'cli'],
  io: ['engines', 'pipelines', 'cli'],
  pipelines: ['cli'],
  cli: [],
}
const everywhere = [
  {
    regex: '^(fp-ts|io-ts)(/(?!lib/.*\\.js$).*)?$',
    message: "import 'fp-ts/lib/X.js' or 'io-ts/lib/X.js': the short form fails in plain Node",
  },
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'results/', 'coverage/', 'data/'] },
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
              regex: `^(\\.\\./)+${other}/`,
              message: `src/${layer} must not import src/${other}: layers import downwards only`,
            })),
            ...(layer === 'domain'
              ? [{ regex: '^(node:|rxjs|apache-arrow|hyparquet)', message: 'src/domain is pure: no I/O, no streams' }]
              : []),
          ],
        },
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
      'no-restricted-globals': [
        'error',
        { name: 'Date', message: 'src/domain has no clock' },
        { name: 'performance', message: 'src/domain has no clock' },
        { name: 'process', message: 'src/domain has no environment' },
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
)
