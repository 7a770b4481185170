// Command portal serves the pages.
package main

import (
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/portal"
)

func main() { host.Main(portal.New) }
