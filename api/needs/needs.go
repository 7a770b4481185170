// Package needs is the contract of the needs service: its types, the server it
// must implement and a client for it, all generated from openapi.yaml.
package needs

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config needs.cfg.yaml openapi.yaml
