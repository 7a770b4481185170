#!/bin/sh
# Builds dist/ from src/ and the npm packages pinned in package-lock.json.
# The result is committed: only somebody who changes the look needs npm.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund --omit=optional
npx --no-install sass --no-source-map --style=compressed --load-path=node_modules src/instead.scss dist/instead.css
cp src/instead.js src/favicon.svg node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.js dist/
# The source map is not shipped, so nothing may point to it.
sed -i.bak 's|//# sourceMappingURL=.*||' dist/govuk-frontend.min.js && rm dist/govuk-frontend.min.js.bak
