// The client that openapi-generator makes for Go.
//
//	side catalogue FILE      a catalogue into records, and the sum of its costs (32-bit floats)
//	side orders URL COUNT    so many orders a round, 64 at once
//
// Each line of standard input asks for a round; the answer is a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	client "tillgate.example/peer/client"
)

const atOnce = 64

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "catalogue":
		err = catalogue(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "orders":
		err = orders(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("see the head of main.go")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(round func() (string, error)) error {
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		answer, err := round()
		if err != nil {
			return err
		}
		fmt.Println(answer)
	}
	return nil
}

func catalogue(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return serve(func() (string, error) {
		begun := time.Now()
		var read client.Catalogue
		if err := json.Unmarshal(text, &read); err != nil {
			return "", err
		}
		took := time.Since(begun)
		sum := 0.0
		for _, one := range read.FaceValues.Fixed {
			sum += float64(one.Cost)
		}
		for _, one := range read.FaceValues.Range {
			sum += float64(one.MinimumCost) + float64(one.MaximumCost)
		}
		count := len(read.FaceValues.Fixed) + len(read.FaceValues.Range)
		return fmt.Sprintf(`{"nanoseconds":%d,"count":%d,"sum":"%f"}`, took.Nanoseconds(), count, sum), nil
	})
}

func orders(url, countText string) error {
	count, err := strconv.Atoi(countText)
	if err != nil {
		return err
	}
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: url}}
	// Go keeps two idle connections by default; with that it would measure handshakes.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = atOnce
	configuration.HTTPClient = &http.Client{Transport: transport}
	api := client.NewAPIClient(configuration).StoreAPI
	ctx := context.WithValue(context.Background(), client.ContextBasicAuth,
		client.BasicAuth{UserName: "till", Password: "secret"})
	scenario := client.OrderScenario("simulate-success")
	begin := fmt.Sprintf("g%xp%x", time.Now().UnixMilli(), os.Getpid())
	next := 0
	return serve(func() (string, error) {
		begun := time.Now()
		var running sync.WaitGroup
		failures := make(chan error, atOnce)
		for lane := 0; lane < atOnce; lane++ {
			running.Add(1)
			go func(lane int) {
				defer running.Done()
				for number := lane; number < count; number += atOnce {
					id := fmt.Sprintf("%sn%d", begin, next+number)
					request := *client.NewOrderRequest(id, 1111, 10, "CHF",
						[]client.BeneficiaryInformation{*client.NewBeneficiaryInformation("mobile", "+41791234567")})
					request.Scenario = &scenario
					orders, _, err := api.CreateOrder(ctx).OrderRequest([]client.OrderRequest{request}).Execute()
					if err == nil && (len(orders) != 1 || orders[0].UserUid != id) {
						err = fmt.Errorf("%s came back as something else", id)
					}
					if err != nil {
						failures <- err
						return
					}
				}
			}(lane)
		}
		running.Wait()
		took := time.Since(begun)
		next += count
		select {
		case err := <-failures:
			return "", err
		default:
		}
		return fmt.Sprintf(`{"nanoseconds":%d,"count":%d}`, took.Nanoseconds(), count), nil
	})
}
