package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/config"
)

type settings struct {
	URL   string        `env:"DATABASE_URL,required"`
	Name  string        `env:"NAME,notEmpty"`
	Grace time.Duration `env:"GRACE" envDefault:"10s"`
	Port  int           `env:"PORT"`
}

func TestLoadReportsEveryMistakeAtOnceAndNoValue(t *testing.T) {
	_, err := config.Load[settings](config.Env{"NAME": "", "PORT": "hunter2"})
	if err == nil {
		t.Fatal("Load() took settings that are wrong in three places")
	}
	for _, want := range []string{"DATABASE_URL is not set", "NAME is empty", "Port is not a int"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Load() = %q, want it to say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Load() = %q shows a value", err)
	}
}

func TestLoadFillsWhatIsThereAndTheDefaults(t *testing.T) {
	got, err := config.Load[settings](config.Env{"DATABASE_URL": "postgres://x", "NAME": "n", "PORT": "8080"})
	want := settings{URL: "postgres://x", Name: "n", Grace: 10 * time.Second, Port: 8080}
	if err != nil || got != want {
		t.Errorf("Load() = %+v, %v, want %+v", got, err, want)
	}
}
