// Package funding is the contract of the funding service: its types, the server
// it must implement and a client for it, all generated from openapi.yaml.
package funding

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config funding.cfg.yaml openapi.yaml
