mod cluster_of_one;
mod suite;
mod three;
