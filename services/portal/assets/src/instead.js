// Everything works without this script. With it, govuk-frontend moves focus to
// the error summary, counts characters, reveals what a radio asks next, folds
// the menu on a phone and stops a double click.
import { initAll } from './govuk-frontend.min.js'

document.body.classList.add('js-enabled', 'govuk-frontend-supported')
initAll()
