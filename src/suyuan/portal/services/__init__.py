"""The only writers of the portal's rows. What happens to a case is done by the services of `cases`."""
