// Package reporting is the contract of the reporting service: its types, the
// server it must implement and a client for it, all generated from openapi.yaml.
package reporting

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config reporting.cfg.yaml openapi.yaml
