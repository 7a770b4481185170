package events

import "embed"

// Schemas are the JSON Schemas of what is told, by the latter half of its name:
// that of funding.request-changed is request-changed.schema.json.
//
// Tellers and readers are never replaced at one moment, and a message may be read
// weeks after it was told. So a schema that was once released only grows. What
// released/ holds of it is read by whoever has not been replaced yet, and is
// what may still lie in the stream: a test refuses what would break either. A
// reader takes no notice of fields it does not know, and passes over a message
// with a value that it does not know.
//
//go:embed *.schema.json
var Schemas embed.FS
