// Package funding is the contract of the funding service: its types, the server
// it must implement and a client for it, all generated from openapi.yaml.
package funding

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config funding.cfg.yaml openapi.yaml
