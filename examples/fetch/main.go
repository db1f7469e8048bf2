// Fetch gets feeds and parses them: its functions wait for the network, as Go functions do, and JavaScript gets promises.
package main

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"sync"
)

// Feed is a site's news.
type Feed struct {
	Title string   `json:"title" xml:"channel>title"`
	Items []string `json:"items" xml:"channel>item>title"`
}

// Fetch gets one feed.
//
//gowasm:async
func fetch(url string) (*Feed, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	feed := new(Feed)
	return feed, xml.NewDecoder(response.Body).Decode(feed)
}

// FetchAll gets feeds at once. Those that cannot be had are missing.
//
//gowasm:async fetchAll
func fetchAll(urls []string) []*Feed {
	feeds := make([]*Feed, len(urls))
	var wait sync.WaitGroup
	for i, url := range urls {
		wait.Add(1)
		go func() {
			defer wait.Done()
			feeds[i], _ = fetch(url)
		}()
	}
	wait.Wait()
	found := []*Feed{}
	for _, feed := range feeds {
		if feed != nil {
			found = append(found, feed)
		}
	}
	return found
}

func main() { select {} }
