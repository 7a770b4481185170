// Command funding serves the funding API.
package main

import (
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/funding"
)

func main() { host.Main(funding.New) }
