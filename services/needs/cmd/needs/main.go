// Command needs serves the needs API.
package main

import (
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/needs"
)

func main() { host.Main(needs.New) }
