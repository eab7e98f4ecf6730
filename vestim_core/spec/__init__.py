"""Types that all packages share: specs, states, events, findings and errors. Imports no other package of Vestim."""
