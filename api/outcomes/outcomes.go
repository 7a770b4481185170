// Package outcomes is the contract of the outcomes service: its types, the server
// it must implement and a client for it, all generated from openapi.yaml.
package outcomes

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config outcomes.cfg.yaml openapi.yaml
